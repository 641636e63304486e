"""``twinsheet doctor``: the words of the command; the work is done in app.doctor."""

from __future__ import annotations

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json


@click.command()
@click.option("--no-trial", is_flag=True, help="Write nothing: leave out the trial write on each link's scratch.")
@json_option
def doctor(no_trial: bool, as_json: bool) -> int:
    """Check settings, servers, grants, clocks, sheets and scripts.

    For each fault it names the one command or click that mends it. Exit code 1 where there is one.
    """
    from dataclasses import asdict

    from app.doctor import examine

    findings = []
    for finding in examine(trial=not no_trial):
        findings.append(finding)
        if not as_json:
            where = f"{finding.link}: " if finding.link else ""
            mark, colour = ("good", "green") if finding.ok else ("FAULT", "red")
            click.echo(f"{click.style(f'{mark:5}', fg=colour)}  {finding.name:10}  {where}{finding.detail}")
            if finding.mend:
                click.echo(f"       → {finding.mend}")
    good = all(finding.ok for finding in findings)
    if as_json:
        print_json({"good": good, "checks": [asdict(finding) for finding in findings]})
    elif good:
        click.secho("Everything is as it should be.", fg="green")
    return EXIT_GOOD if good else EXIT_FOUND
