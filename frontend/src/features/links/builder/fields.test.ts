import { expect, test } from "vitest";
import { aLink } from "@/test/links";
import { BLANK, blank, changes, drafted, fieldsOf, rebase } from "./fields";

const conditions = [
  { type: "device", values: ["ios"] },
  { type: "os", values: ["iOS", "Windows"] },
  { type: "query", name: "ref", values: null },
  { type: "hours", from: "22:00", until: "06:00", timezone: "Europe/Berlin" },
  { type: "days", values: ["sat", "sun"], timezone: "Europe/Berlin" },
  { type: "dates", from: "2026-01-01T12:00:00.000Z", until: null },
  { type: "address", values: ["192.0.2.0/24"] },
];

test("a link that nobody changed is sent as nothing, whatever it has", () => {
  const fields = fieldsOf(aLink({ rules: [{ target: "https://example.com/", conditions }], variants: [{ target: "https://example.com/", weight: 100 }], starts_at: "2026-01-01T12:00:00Z", max_clicks: 5 }));
  expect(changes(fields, fields)).toEqual({});
});

test("each kind of condition comes back as it was", () => {
  const fields = fieldsOf(aLink({ rules: [{ target: "https://example.com/", name: "one", conditions }] }));
  expect(changes(fields, BLANK).rules).toEqual([{ target: "https://example.com/", name: "one", conditions }]);
});

test("a new link leaves to the workspace what nobody said", () => {
  const base = blank({ redirect_status: 301, tags: ["shop"] });
  expect(drafted({ ...base, target: "example.com" }, base, null)).toEqual({ target: "https://example.com" });
  expect(drafted({ ...base, target: "example.com", tags: [] }, base, null)).toEqual({ target: "https://example.com", tags: [] });
});

test("what somebody changed goes onto what the link is now", () => {
  const base = fieldsOf(aLink());
  const now = { ...base, target: "https://example.com/theirs" };
  expect(rebase({ ...base, title: "Mine" }, base, now)).toEqual({ ...now, title: "Mine" });
});
