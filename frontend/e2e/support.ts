import AxeBuilder from "@axe-core/playwright";
import { type APIRequestContext, expect, type Page, test as base } from "@playwright/test";
import { randomUUID } from "node:crypto";

/** Somebody with an account, and what they sign in with. */
export interface Person {
  readonly id: number;
  readonly email: string;
  readonly password: string;
  /** An access token, for calls that prepare something: good for a quarter of an hour. */
  readonly token: string;
}

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly links: readonly string[];
}

/** A test that fails, whatever else it does, where a script throws or the Content-Security-Policy refuses something. */
export const test = base.extend<{ watched: undefined }>({
  watched: [
    async ({ page }, run) => {
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        if (/content security policy|trusted ?types|trustedhtml|trustedscript/i.test(message.text())) faults.push(message.text());
      });
      await run(undefined);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

export const freshEmail = (): string => `${randomUUID().slice(0, 13)}@example.com`;

/**
 * Register somebody by the API. With `page.request` the browser is signed in as them: the next page that is opened is theirs.
 */
export async function signUp(request: APIRequestContext, { name = "Ada" }: { name?: string } = {}): Promise<Person> {
  const email = freshEmail();
  const password = `${randomUUID()} horse`;
  const answer = await request.post("/api/v1/auth/register", { data: { email, password, name } });
  expect(answer.status(), await answer.text()).toBe(201);
  const { user, access_token } = (await answer.json()) as { user: { id: number }; access_token: string };
  return { id: user.id, email, password, token: access_token };
}

/** Call the API as somebody, to prepare what a journey finds; returns the answer's body. */
export async function call<T>(request: APIRequestContext, person: Person, method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE", path: string, data?: unknown): Promise<T> {
  const answer = await request.fetch(`/api/v1${path}`, { method, data, headers: { authorization: `Bearer ${person.token}` } });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  return (answer.status() === 204 ? undefined : await answer.json()) as T;
}

/** The newest mail to an address whose subject fits; waits until it is there. */
export async function readMail(request: APIRequestContext, to: string, subject: RegExp): Promise<Mail> {
  let found: Mail | undefined;
  await expect(async () => {
    const answer = await request.get("/local/mail/messages", { params: { to } });
    found = ((await answer.json()) as Mail[]).find((mail) => subject.test(mail.subject));
    expect(found, `mail to ${to} about ${subject.source}`).toBeDefined();
  }).toPass({ timeout: 20_000 });
  return found as unknown as Mail;
}

/** The link of a mail, which there is one of. */
export function linkOf(mail: Mail): string {
  const link = mail.links.find((found) => found.includes("/app/"));
  if (!link) throw new Error(`no link in: ${mail.text}`);
  return link;
}

/** axe finds nothing, neither in the light nor in the dark, once the page is there. */
export async function expectAccessible(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1, includeHidden: true }).first()).toBeVisible();
  for (const theme of ["light", "dark"]) {
    await page.evaluate((wanted) => {
      document.documentElement.dataset.theme = wanted;
    }, theme);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const said = violations.map(({ id, nodes }) => `${id} (${theme}): ${nodes.map(({ html, failureSummary = "" }) => `${html}\n${failureSummary}`).join("\n")}`);
    expect(said).toEqual([]);
  }
}

export const WIDTHS = [360, 768, 1280] as const;

/** Nothing has to be scrolled sideways, from a phone to a desk. The window is as it was afterwards. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    // Charts know their new width a frame later.
    const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await expect.poll(over, { message: `beyond the window's edge at ${width} px` }).toBeLessThanOrEqual(0);
  }
  if (before) await page.setViewportSize(before);
}
