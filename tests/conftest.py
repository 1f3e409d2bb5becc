"""Before anything imports torch: the same quiet as the command line's."""

from suite.quiet import quieten

quieten()
