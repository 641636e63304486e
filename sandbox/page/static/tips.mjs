// The note of a cell, read on hover and when the cell is selected.

const tip = document.getElementById('tip');

/** Show a note beside a box, or none. @param {string} note @param {DOMRect} [box] */
export function showTip(note, box) {
  tip.hidden = !note;
  if (!note) return;
  tip.textContent = note;
  tip.classList.toggle('ours', note.includes('Twinsheet:'));
  const { width, height } = tip.getBoundingClientRect();
  const below = box.bottom + height + 8 < innerHeight;
  tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - width - 4))}px`;
  tip.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
}

/** Show notes while the pointer is over their cells. @param {HTMLElement} host @param {import('./sheet.mjs').SheetPane} sheet */
export function showTipsOver(host, sheet) {
  host.addEventListener('pointerover', (event) => {
    const own = event.target.closest?.(':is([data-marks~="note"], [data-marks~="waits"])');
    if (!own) return void showTip('');
    showTip(sheet.remark(Number(own.dataset.r), sheet.shown[Number(own.dataset.c)]), own.getBoundingClientRect());
  });
  for (const name of ['pointerleave', 'scroll']) host.addEventListener(name, () => showTip(''), true);
}
