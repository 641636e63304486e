// Starts the page, and says so when a part of it cannot be had.
import('/page/main.mjs').catch(async (error) => {
  const library = await fetch('/page/lib/tabulator.mjs');
  const told = library.ok ? { message: 'The page does not start in this browser.', hint: String(error) } : (await library.json()).error;
  document.getElementById('bannerText').textContent = `${told.message} ${told.hint}`;
  document.getElementById('banner').hidden = false;
  document.getElementById('verdict').textContent = 'not started';
});
