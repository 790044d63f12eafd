"""Workspaces own links; people are their members, in a role.

What every request needs is here. What is asked of workspaces themselves is in modules that are imported by name, as no other
function has to start with them.
"""

from .tables import Member, Role, Workspace, blocked, create_personal

__all__ = ["Member", "Role", "Workspace", "blocked", "create_personal"]
