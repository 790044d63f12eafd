import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { workspace } from "@/test/links";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { TagList } from "./TagList";

beforeEach(() => {
  signIn();
  workspace();
});

test("is accessible", async () => {
  const { container } = await show(<TagList />);
  await screen.findByText("shop");
  await expectAccessible(container);
});

test("a name that is taken is said at the field", async () => {
  server.use(http.patch("*/api/v1/tags/1", () => HttpResponse.json({ title: "Conflict", detail: "There is such a tag.", status: 409, code: "tag_taken" }, { status: 409 })));
  const { user } = await show(<TagList />);
  await user.click(await screen.findByRole("button", { name: "Rename shop" }));
  await user.type(screen.getByLabelText("Name"), "s{Enter}");
  await screen.findByText("There is such a tag.");
  expect(screen.getByLabelText("Name")).toHaveValue("shops");
});

test("who may only look can't rename", async () => {
  workspace({ scopes: ["links:read"] });
  await show(<TagList />);
  await screen.findByText("shop");
  expect(screen.queryByRole("button", { name: "Rename shop" })).not.toBeInTheDocument();
});
