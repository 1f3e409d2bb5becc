"""``python -m suite.publish``: a static site of all published reports."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from suite import cli
from suite.text import numbers as text

DESCRIPTION = """\
Makes a folder that any web server or pages host can serve: a page that lists the reports, and each report behind it.
Links are relative, nothing is loaded from elsewhere. An older site in its place is replaced when the new one is whole;
files of yours in it (a CNAME, for instance) stay.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command: 0 written, 2 bad input."""
    parser = cli.parser("suite.publish", DESCRIPTION)
    parser.add_argument(
        "--reports", type=Path, default=Path("reports"), help="the folder of reports (default: reports)"
    )
    parser.add_argument("--out", type=Path, default=Path("site"), help="the site's folder (default: site)")
    parser.add_argument(
        "--records", action="store_true", help="publish the records that reports were made from as well"
    )
    parser.add_argument("--language", default="en", help="of the list of reports (default: en)")
    return cli.run(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    from suite.report.site.publish import publish  # here, so that --help need not wait for the chart libraries
    from suite.text.i18n import speaking

    with speaking(options.language):
        found = publish(options.reports, options.out, with_records=options.records)
    for line in [*(f"nothing can be said of {line}" for line in found.unreadable), *found.notes]:
        print(f"warning: {line}", file=sys.stderr)
    print(f"{found.page} ({text.counted(text.whole(found.reports), 'report', 'reports')})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
