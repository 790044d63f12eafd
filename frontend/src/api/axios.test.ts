import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { signIn } from "@/test/render";
import { server } from "@/test/server";
import { instance } from "./axios";
import { ApiError } from "./errors";
import { current, refresh } from "./session";
import { chooseWorkspace } from "./workspace";

const refused = { type: "about:blank", title: "Unauthorized", status: 401, code: "token_expired" };

test("one refresh serves all calls that were refused, and each is sent again once", async () => {
  signIn();
  let refreshes = 0;
  server.use(
    http.get("*/api/v1/links", ({ request }) =>
      request.headers.get("authorization") === "Bearer fresh" ? HttpResponse.json({ items: [] }) : HttpResponse.json(refused, { status: 401 }),
    ),
    http.post("*/api/v1/auth/refresh", () => {
      refreshes += 1;
      return HttpResponse.json({ user: { id: 1 }, access_token: "fresh", token_type: "bearer", expires_in: 900 });
    }),
  );
  const answers = await Promise.all(Array.from({ length: 5 }, () => instance.get("/api/v1/links")));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(refreshes).toBe(1);
});

test("who can't be refreshed is signed out, and the call fails as it was refused", async () => {
  signIn();
  server.use(
    http.get("*/api/v1/links", () => HttpResponse.json(refused, { status: 401 })),
    http.post("*/api/v1/auth/refresh", () => HttpResponse.json(refused, { status: 401 })),
  );
  await expect(instance.get("/api/v1/links")).rejects.toMatchObject({ status: 401, code: "token_expired" });
  expect(current().status).toBe("out");
});

test("a server that does not answer signs nobody out", async () => {
  signIn();
  server.use(
    http.get("*/api/v1/links", () => HttpResponse.json(refused, { status: 401 })),
    http.post("*/api/v1/auth/refresh", () => HttpResponse.error()),
  );
  await expect(instance.get("/api/v1/links")).rejects.toMatchObject({ status: 0, code: "unreachable" });
  expect(current().status).toBe("in");
});

test("a refresh that met another's is tried again", async () => {
  let refreshes = 0;
  server.use(
    http.post("*/api/v1/auth/refresh", () => {
      refreshes += 1;
      return refreshes === 1
        ? HttpResponse.json({ status: 409, code: "refresh_raced" }, { status: 409 })
        : HttpResponse.json({ user: { id: 1 }, access_token: "fresh", token_type: "bearer", expires_in: 900 });
    }),
  );
  expect(await refresh()).toMatchObject({ status: "in", token: "fresh" });
  expect(refreshes).toBe(2);
});

test("a problem names its fields", async () => {
  server.use(
    http.post("*/api/v1/links", () =>
      HttpResponse.json({ title: "Invalid", status: 422, code: "invalid", errors: [{ pointer: "/rules/0/target", detail: "no" }] }, { status: 422, headers: { "retry-after": "3" } }),
    ),
  );
  const failed = await instance.post("/api/v1/links", {}).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ApiError);
  expect(failed).toMatchObject({ fields: { "rules.0.target": "no" }, retryAfter: 3, passing: false });
});

test("calls say which workspace they are about", async () => {
  signIn();
  chooseWorkspace(7);
  server.use(http.get("*/api/v1/tags", ({ request }) => HttpResponse.json({ of: request.headers.get("ginnel-workspace") })));
  expect((await instance.get("/api/v1/tags")).data).toEqual({ of: "7" });
});
