import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, test } from "vitest";
import type { DomainOut } from "@/api/generated";
import { expectAccessible } from "@/test/axe";
import { workspace } from "@/test/links";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { DomainList } from "./DomainList";

const waiting: DomainOut = {
  id: 3,
  host: "go.example.com",
  verified: false,
  verification: { name: "_ginnel.go.example.com", type: "TXT", value: "ginnel=abc" },
  case_sensitive: false,
  default: false,
  root_target: null,
  not_found_target: null,
  expired_target: null,
  apple_app_site_association: null,
  assetlinks: null,
  version: 1,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};

beforeEach(() => {
  signIn();
  workspace();
  server.use(http.get("*/api/v1/domains", () => HttpResponse.json({ items: [waiting] })));
});

test("is accessible", async () => {
  const { container } = await show(<DomainList />);
  await screen.findByText("go.example.com");
  await expectAccessible(container);
});

test("shows the record, and says why it was not found", async () => {
  server.use(http.post("*/api/v1/domains/3/verify", () => HttpResponse.json({ title: "Conflict", detail: "The record is not there.", status: 409, code: "not_verified" }, { status: 409 })));
  const { user } = await show(<DomainList />);
  await screen.findByText("ginnel=abc");
  await user.click(await screen.findByRole("button", { name: "Check now" }));
  await screen.findByText("The record is not there.");
});
