"""The redirect function without its fast lane: every event goes through Mangum into the app."""

from __future__ import annotations

from ginnel import lambdas
from redirect.app import app

handler = lambdas.serve(app)
