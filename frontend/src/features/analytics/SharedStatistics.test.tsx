import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show } from "@/test/render";
import { server } from "@/test/server";
import { answers } from "./answers.testing";
import { SharedStatistics } from "./SharedStatistics";

const shared = { short_url: "https://go.example.com/sale", target: "https://shop.example/sale", title: "Sale", since: "2026-01-01T00:00:00Z", expires_at: "2030-01-01T12:00:00Z" };

test("is accessible, and says what it is and until when", async () => {
  server.use(http.get("*/api/v1/shared/t0ken", () => HttpResponse.json(shared)), ...answers().handlers);
  const { container } = await show(<SharedStatistics token="t0ken" />, { at: "/?zone=UTC" });
  expect(await screen.findByRole("heading", { level: 1 })).toHaveTextContent("Numbers of go.example.com/sale");
  expect(screen.getByText(/Shared until 1 Jan 2030/)).toBeVisible();
  await screen.findByText("1,234");
  await expectAccessible(container);
});

test("where it leads is not said where it was not told", async () => {
  server.use(http.get("*/api/v1/shared/t0ken", () => HttpResponse.json({ ...shared, target: null })), ...answers().handlers);
  await show(<SharedStatistics token="t0ken" />, { at: "/?zone=UTC" });
  await screen.findByText("1,234");
  expect(screen.queryByText(/Leads to/)).not.toBeInTheDocument();
});

test("one that has ended says that there is nothing, and not why", async () => {
  server.use(http.get("*/api/v1/shared/t0ken", () => HttpResponse.json({ status: 404, code: "not_found" }, { status: 404 })));
  await show(<SharedStatistics token="t0ken" />);
  expect(await screen.findByText("There is nothing here (any more)")).toBeVisible();
});
