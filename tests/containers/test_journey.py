"""The newcomer's journey once more, through the front and into containers."""

from __future__ import annotations

import pytest

from tests.containers.composed import Composed
from tests.e2e.test_journey import (
    api,
    bearer,
    test_a_link_can_not_lead_back_here_by_any_name,
    test_a_phone_a_bot_and_somebody_private_are_told_apart,
    test_an_unknown_slug_is_a_page_and_an_unknown_call_a_problem,
    test_every_file_that_a_page_asks_for_is_there,
    test_from_registering_to_a_counted_click,
    test_pages_come_as_what_they_are,
    test_the_landing_pages_walk_through_is_for_this_address,
)

__all__ = [
    "bearer",
    "test_a_link_can_not_lead_back_here_by_any_name",
    "test_a_phone_a_bot_and_somebody_private_are_told_apart",
    "test_an_unknown_slug_is_a_page_and_an_unknown_call_a_problem",
    "test_every_file_that_a_page_asks_for_is_there",
    "test_from_registering_to_a_counted_click",
    "test_pages_come_as_what_they_are",
    "test_the_landing_pages_walk_through_is_for_this_address",
]

pytestmark = pytest.mark.containers


def test_the_first_start_says_where_the_administrators_password_is_and_not_what(live: Composed) -> None:
    password = live.secret("admin-password")
    assert "First administrator: admin@localhost; the password is in /secrets/app/admin-password." in live.said()
    assert password not in live.said()
    signed_in = api("POST", f"{live.base}/api/v1/auth/login", {"email": "admin@localhost", "password": password})
    assert signed_in["user"]["is_admin"]
