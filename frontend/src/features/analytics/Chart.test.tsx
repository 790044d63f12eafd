import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { answers } from "./answers.testing";
import { Statistics } from "./Statistics";

let asked: URL[] = [];
const AT = "/?zone=UTC&from=2026-10-01&to=2026-10-10";
const between = () => {
  const question = asked.filter(({ pathname }) => pathname.endsWith("summary")).at(-1)?.searchParams;
  return [question?.get("from"), question?.get("to")];
};

beforeEach(() => {
  signIn();
  const made = answers();
  ({ asked } = made);
  server.use(...made.handlers);
});

async function chart(at = AT) {
  const shown = await show(<Statistics of={{}} />, { at });
  return { ...shown, slider: await screen.findByRole("slider", { name: "Point of the chart" }) };
}

test("is accessible with its table open", async () => {
  const { user, container } = await chart();
  await user.click(screen.getByText("As a table"));
  expect(await screen.findByRole("rowheader", { name: /10 Oct 2026/ })).toBeVisible();
  expect(screen.getAllByRole("row")).toHaveLength(11);
  await expectAccessible(container);
});

test("arrow keys move over the points, and say what is there", async () => {
  const { user, slider } = await chart();
  slider.focus();
  await user.keyboard("{ArrowRight}{ArrowRight}");
  expect(slider).toHaveAttribute("aria-valuetext", "Fri, 2 Oct 2026: 2 clicks, 1 visitors, 1 bots");
  await user.keyboard("{End}");
  expect(slider).toHaveAttribute("aria-valuenow", "9");
  await user.keyboard("{ArrowRight}{Home}{ArrowLeft}");
  expect(slider).toHaveAttribute("aria-valuenow", "0");
  await user.keyboard("{Escape}");
  expect(slider.getAttribute("aria-valuetext")).toContain("Arrow keys");
});

test("Enter looks closer at a day, and Shift selects several", async () => {
  const { user, slider } = await chart();
  slider.focus();
  await user.keyboard("{ArrowRight}{ArrowRight}{Enter}");
  await waitFor(() => {
    expect(between()).toEqual(["2026-10-02T00:00:00.000Z", "2026-10-03T00:00:00.000Z"]);
  });
});

test("with Shift, arrow keys select what Enter then shows", async () => {
  const { user, slider } = await chart();
  slider.focus();
  await user.keyboard("{ArrowRight}{ArrowRight}{Shift>}{ArrowRight}{ArrowRight}{/Shift}");
  expect(slider.getAttribute("aria-valuetext")).toBe("Fri, 2 Oct 2026 to Sun, 4 Oct 2026 selected");
  await user.keyboard("{Enter}");
  await waitFor(() => {
    expect(between()).toEqual(["2026-10-02T00:00:00.000Z", "2026-10-05T00:00:00.000Z"]);
  });
});

test("a click looks closer, and dragging selects", async () => {
  const { slider } = await chart();
  slider.setPointerCapture = () => undefined;
  const mouse = { pointerType: "mouse", button: 0, pointerId: 1 };
  fireEvent.pointerDown(slider, { ...mouse, clientX: 44 });
  fireEvent.pointerMove(slider, { ...mouse, clientX: 240 });
  fireEvent.pointerUp(slider, { ...mouse, clientX: 240 });
  await waitFor(() => {
    expect(between()).toEqual(["2026-10-01T00:00:00.000Z", "2026-10-05T00:00:00.000Z"]);
  });
});

test("a series that is not wanted is hidden", async () => {
  const { user } = await chart();
  await user.click(screen.getByRole("button", { name: "Bots", pressed: true }));
  expect(screen.getByRole("img", { name: /^Clicks, Visitors over time/ })).toBeInTheDocument();
});
