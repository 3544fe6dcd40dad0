"""What `reconcile --help` says besides the options: commands in groups, examples, variables, exit codes.

Text alone. That every command stands in a group, and that the examples are commands, is held by tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# What somebody does, in the order in which they come to do it, and the commands for it.
GROUPS = (
    ("Start", ("init", "import-lk", "export")),
    ("Daily work", ("validate", "plan", "apply", "drift")),
    ("Look", ("explain", "graph", "rooms", "probe", "history", "show", "ids")),
    ("Run", ("serve",)),
    ("For applications", ("token", "conventions")),
)
_OTHERS = "Tools"

EPILOG = """\b
Examples:
  reconcile init                                  a commented first file
  reconcile init --from-live                      or one of the project as it lives
  reconcile validate && reconcile plan            what would change, and whether it is right
  reconcile apply                                 change it, after asking
  reconcile explain --from +15550100099 --to +15550100001
  reconcile drift || echo "somebody changed it"

\b
Variables:
  LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET   the server, and the key to it
  RECONCILE_CONFIG      the file or folder, instead of config/dispatch.yaml
  RECONCILE_FORMAT      text, json, markdown or github; RECONCILE_ and a name stand for most options
  NO_COLOR              no colours

\b
Exit codes:
  0    done, or nothing to change
  1    an error; a partial apply; a failing routing test
  2    there are changes or drift (drift, plan --detailed-exitcode), bad verdicts (rooms, probe, token inspect)
  3    refused, nothing was written: stale plan, deletion guard, no approval, wrong host
  64   wrong usage
  130  interrupted

`reconcile COMMAND --help` explains a command, with examples. `reconcile completion bash` completes commands on the
command line, `reconcile schema` helps an editor.
"""


def grouped(commands: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The commands with their lines of help, group by group; those of no group are tools."""
    rest = dict(commands)
    for title, names in GROUPS:
        yield title, [(name, rest.pop(name)) for name in names if name in rest]
    if rest:
        yield _OTHERS, list(rest.items())
