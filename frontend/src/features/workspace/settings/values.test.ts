import { expect, test } from "vitest";
import type { WorkspaceOut } from "@/api/generated";
import { change, isDays, values } from "./values";

const workspace = {
  name: "Newsroom",
  default_domain: null,
  retention_days: 365,
  require_second_factor: false,
  link_defaults: { redirect_status: 301, forward_query: false, tags: ["news", "blog"], expires_after_days: 9 },
} as unknown as WorkspaceOut;

test("one default that changed takes the others along, as they are", () => {
  const said = { ...values(workspace), forward_path: "yes" as const };
  expect(change(said, new Set(["forward_path"]))).toEqual({
    link_defaults: { redirect_status: 301, allow_caching: null, forward_query: false, forward_path: true, tags: ["news", "blog"], expires_after_days: 9 },
  });
});

test("nothing is no end, and what is no number of days is refused", () => {
  expect(change({ ...values(workspace), retention_days: " " }, new Set(["retention_days"]))).toEqual({ retention_days: null });
  expect(["", "1", " 30 ", "0", "3651", "1.5", "x"].map((typed) => isDays(typed, 3650))).toEqual([true, true, true, false, false, false, false]);
});
