import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { end } from "@/api/session";
import { chooseWorkspace } from "@/api/workspace";
import { server } from "./server";

// The part of the platform that happy-dom lacks.
if (!("showPopover" in HTMLElement.prototype))
  Object.assign(HTMLElement.prototype, {
    showPopover(this: HTMLElement) {
      this.dataset.popoverOpen = "";
    },
    hidePopover(this: HTMLElement) {
      delete this.dataset.popoverOpen;
    },
  });

beforeAll(() => {
  // A call that no test foresaw is a fault of the test or of the page.
  server.listen({ onUnhandledRequest: "error" });
});
afterEach(() => {
  cleanup();
  server.resetHandlers();
  end();
  chooseWorkspace(null);
  localStorage.clear();
});
afterAll(() => {
  server.close();
});
