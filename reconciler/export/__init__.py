"""The live project as a configuration, and the first file of a project that has none.

The way of an object: its key (`keys`), its leaves (`leaves`, `egress`), the object (`sip`), the agents of its rooms
(`conventions`, `agents`), the whole file (`project`), the text (`emit`, `scalars`). What is written plans to no
change; what the language cannot say is left out or left alone, and a note says so. Pure: nothing is read or written.
"""

from reconciler.export.project import Exported, export_project
from reconciler.export.sip import LeftOut
from reconciler.export.template import first_file
from reconciler.export.variables import Variable

__all__ = ["Exported", "LeftOut", "Variable", "export_project", "first_file"]
