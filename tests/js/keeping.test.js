import assert from "node:assert/strict";
import { test } from "node:test";

import { Keeping } from "../../static/js/session/keeping.js";

/** A page that can be set aside, and a server that answers with the sign-in page on demand. */
function world() {
  const metas = { account: { content: "anna" }, "csrf-token": { content: "old" } };
  const bodies = [];
  const body = (name) => ({
    name,
    dataset: { sessionUrl: "/session", signInUrl: "/sign-in" },
    replaceWith: (next) => {
      bodies.push(next.name);
      page.body = next;
    },
  });
  const page = {
    title: "Enrol",
    querySelector: (which) => metas[/name=([\w-]+)/.exec(which)?.[1]] ?? null,
    querySelectorAll: () => [],
    dispatchEvent: () => {},
    adoptNode: (node) => node,
  };
  page.body = body("form");
  globalThis.window = { scrollY: 0 };
  globalThis.DOMParser = class {
    parseFromString() {
      return { ...page, body: body("sign in"), title: "Sign in", forms: [], querySelector: () => null };
    }
  };
  let letCome;
  const coming = new Promise((resolve) => {
    letCome = resolve;
  });
  globalThis.fetch = () => coming.then(() => ({ text: async () => "" }));
  return { page, bodies, letCome };
}

test("concurrent requests after a session's end set the page aside once", async () => {
  const { page, bodies, letCome } = world();
  const keeping = new Keeping(page, () => {});
  const asked = [keeping.setAside(), keeping.setAside()];
  letCome();
  await Promise.all(asked);
  await keeping.setAside();
  assert.deepEqual(bodies, ["sign in"]);
  assert.ok(keeping.isAside);
});

test("a wait before signing in again leads back to it, and the page stays set aside", async () => {
  const { page, letCome } = world();
  const keeping = new Keeping(page, () => {});
  letCome();
  await keeping.setAside();
  const asked = [];
  globalThis.fetch = async (address, options) => {
    asked.push([address, options.method ?? "GET"]);
    return { text: async () => "" };
  };
  globalThis.FormData = class {
    *[Symbol.iterator]() {
      yield ["ended", "1"];
    }
  };
  await keeping.signIn({ method: "get", action: "/sign-in" });
  await keeping.signIn({ method: "post", action: "/sign-in?ended=1" });
  assert.deepEqual(asked, [["/sign-in?ended=1", "GET"], ["/sign-in?ended=1", "POST"]]);
  assert.ok(keeping.isAside);
});
