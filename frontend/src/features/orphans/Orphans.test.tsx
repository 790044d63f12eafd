import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Orphans } from "./Orphans";
import { validateSearch } from "./search";

const orphan = (id: number, slug: string) => ({ id, domain: "go.example.com", slug, count: id * 1000, first_at: "2026-01-01T00:00:00Z", last_at: "2026-11-01T00:00:00Z" });
const workspaces = (role: string) => http.get("*/api/v1/workspaces", () => HttpResponse.json({ items: [{ id: 1, personal: true, role }] }));

beforeEach(() => {
  signIn();
  server.use(
    workspaces("member"),
    http.get("*/api/v1/domains", () => HttpResponse.json({ items: [{ id: 1, host: "go.example.com" }] })),
    http.get("*/api/v1/orphans", ({ request }) =>
      new URL(request.url).searchParams.has("cursor")
        ? HttpResponse.json({ items: [orphan(1, "<b>old</b>")], next_cursor: null })
        : HttpResponse.json({ items: [orphan(3, "sale"), orphan(2, "sal")], next_cursor: "next" }),
    ),
  );
});

test("is accessible", async () => {
  const { container } = await show(<Orphans search={{}} />);
  await screen.findByText("sale");
  await screen.findByRole("link", { name: "Make this link: go.example.com/sale" });
  await expectAccessible(container);
});

test("offers to make the link, with its slug and domain", async () => {
  await show(<Orphans search={{}} />);
  const link = await screen.findByRole("link", { name: "Make this link: go.example.com/sale" });
  expect(link).toHaveAttribute("href", "/links/new?slug=sale&domain=go.example.com");
});

test("more are loaded, and slugs are text", async () => {
  const { user } = await show(<Orphans search={{}} />);
  await user.click(await screen.findByRole("button", { name: "Show more" }));
  expect(await screen.findByText("<b>old</b>")).toBeVisible();
  expect(screen.getByText(/asked for 3,000 times/)).toBeVisible();
});

test("one is dismissed at once", async () => {
  let gone = false;
  server.use(
    http.delete("*/api/v1/orphans/3", () => {
      gone = true;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await show(<Orphans search={{}} />);
  await user.click(await screen.findByRole("button", { name: "Dismiss: go.example.com/sale" }));
  await waitFor(() => {
    expect(gone).toBe(true);
  });
  expect(screen.queryByRole("button", { name: "Dismiss: go.example.com/sale" })).not.toBeInTheDocument();
});

test("what could not be dismissed is there again", async () => {
  server.use(http.delete("*/api/v1/orphans/3", () => HttpResponse.json({ status: 403, detail: "No." }, { status: 403 })));
  const { user } = await show(<Orphans search={{}} />);
  await user.click(await screen.findByRole("button", { name: "Dismiss: go.example.com/sale" }));
  expect(await screen.findByText("No.")).toBeVisible();
  expect(screen.getByText("sale")).toBeVisible();
});

test("viewers look only", async () => {
  server.use(workspaces("viewer"));
  await show(<Orphans search={{}} />);
  await screen.findByText("sale");
  expect(screen.queryByRole("button", { name: /Dismiss: / })).not.toBeInTheDocument();
});

test("none at all is not none of a domain", async () => {
  server.use(http.get("*/api/v1/orphans", () => HttpResponse.json({ items: [], next_cursor: null })));
  const { unmount } = await show(<Orphans search={{}} />);
  expect(await screen.findByText("No orphans")).toBeVisible();
  unmount();
  await show(<Orphans search={{ domain: "go.example.com" }} />);
  expect(await screen.findByText("None on this domain")).toBeVisible();
});

test("the address is read", () => {
  expect(validateSearch({ sort: "-count", domain: "x.example", other: 1 })).toEqual({ sort: "-count", domain: "x.example" });
  expect(validateSearch({ sort: "count", domain: 5 })).toEqual({});
});
