import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { aLink, workspace } from "@/test/links";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Builder } from "./Builder";
import { BLANK, fieldsOf } from "./fields";

const page = { url: "https://example.com/", title: "A page", description: "About it", image: null, site_name: null };

beforeEach(() => {
  sessionStorage.clear();
  signIn();
  workspace();
  server.use(
    http.get("*/api/v1/targets/preview", () => HttpResponse.json(page)),
    http.get("*/api/v1/links/available", ({ request }) => {
      const slug = new URL(request.url).searchParams.get("slug");
      return HttpResponse.json({ slug, available: slug !== "taken", code: slug === "taken" ? "slug_taken" : null, suggestions: ["taken-2"] });
    }),
  );
});

// happy-dom has selects choose their first option, whatever they are told.
const redirect = { redirect_status: 301 } as const;
const fresh = (onMade = vi.fn()) => <Builder base={{ ...BLANK, redirectStatus: "301" }} defaultDomain="example.org" onMade={onMade} />;

test("is accessible, with everything unfolded", async () => {
  const link = aLink({
    rules: [{ target: "https://example.com/de", conditions: [{ type: "country", values: ["DE"] }, { type: "days", values: ["mon"], timezone: "Europe/Berlin" }] }],
    variants: [{ target: "https://example.com/a", weight: 100 }],
  });
  const { container } = await show(<Builder link={link} base={fieldsOf(link)} defaultDomain="example.org" />);
  for (const details of container.querySelectorAll("details")) details.open = true;
  await expectAccessible(container);
});

test("a target and Enter make a link, with the page's title", async () => {
  let sent: unknown;
  server.use(
    http.post("*/api/v1/links", async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json(aLink(), { status: 201 });
    }),
  );
  const made = vi.fn();
  const { user } = await show(fresh(made));
  await user.type(screen.getByLabelText("Long address"), "example.com/page");
  await screen.findByText("A page");
  await user.keyboard("{Enter}");
  await waitFor(() => {
    expect(made).toHaveBeenCalledOnce();
  });
  expect(sent).toEqual({ target: "https://example.com/page", title: "A page" });
});

test("says at once that a slug is taken, and offers free ones", async () => {
  const { user } = await show(fresh());
  await user.type(screen.getByLabelText("Slug"), "taken");
  await screen.findByText("Taken");
  await user.click(screen.getByRole("button", { name: "taken-2" }));
  await screen.findByText("Free");
});

test("what is wrong with a field stands at the field, and nothing typed is lost", async () => {
  server.use(
    http.post("*/api/v1/links", () => HttpResponse.json({ title: "Invalid", status: 422, code: "invalid", errors: [{ pointer: "/max_clicks", detail: "must be positive" }] }, { status: 422 })),
  );
  const { user } = await show(fresh());
  await user.type(screen.getByLabelText("Long address"), "example.com{Enter}");
  const field = await screen.findByLabelText("At most so many clicks");
  await waitFor(() => {
    expect(field).toHaveAccessibleDescription(/must be positive/);
  });
  expect(screen.getByLabelText("Long address")).toHaveValue("example.com");
});

test("sends only what was changed, with the version that was seen; a conflict is merged", async () => {
  const link = aLink({ ...redirect, title: "Before" });
  const seen: { body: unknown; match: string | null }[] = [];
  const theirs = aLink({ ...redirect, title: "Before", target: "https://example.com/theirs", version: 2 });
  server.use(
    http.patch("*/api/v1/links/1", async ({ request }) => {
      seen.push({ body: await request.json(), match: request.headers.get("if-match") });
      return seen.length === 1 ? HttpResponse.json({ title: "Changed", status: 412, code: "precondition_failed" }, { status: 412 }) : HttpResponse.json({ ...theirs, title: "Mine", version: 3 });
    }),
    http.get("*/api/v1/links/1", () => HttpResponse.json(theirs)),
  );
  const { user } = await show(<Builder link={link} base={fieldsOf(link)} defaultDomain="example.org" />);
  const title = screen.getByLabelText("Title");
  await user.clear(title);
  await user.type(title, "Mine{Enter}");
  await user.click(await screen.findByRole("button", { name: /Take theirs over/ }));
  await waitFor(() => {
    expect(screen.getByLabelText("Long address")).toHaveValue("https://example.com/theirs");
  });
  expect(title).toHaveValue("Mine");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => {
    expect(seen).toEqual([
      { body: { title: "Mine" }, match: '"1"' },
      { body: { title: "Mine" }, match: '"2"' },
    ]);
  });
});

test("what was typed is there again, but for the password", async () => {
  const { user, unmount } = await show(fresh());
  await user.type(screen.getByLabelText("Title"), "Kept");
  await user.type(screen.getByLabelText("Password"), "a secret");
  unmount();
  expect(JSON.stringify(sessionStorage)).not.toContain("a secret");
  await show(fresh());
  expect(screen.getByLabelText("Title")).toHaveValue("Kept");
});
