import assert from "node:assert/strict";
import { test } from "node:test";

import { NEEDS_SESSION, sendWithToken } from "../../static/js/session/sending.js";

/** A page of an account, and the events dispatched to it. */
function pageOf(account) {
  const metas = { account: { content: account }, "csrf-token": { content: "old" } };
  const told = [];
  return {
    told,
    body: { dataset: { sessionUrl: "/session" } },
    querySelector: (which) => metas[/name=([\w-]+)/.exec(which)[1]],
    querySelectorAll: () => [],
    dispatchEvent: (event) => told.push(event.type),
  };
}

const json = (content) => new Response(JSON.stringify(content), { headers: { "Content-Type": "application/json" } });

/** A server with a signed-in account; it accepts the token "new" alone. */
function server(account) {
  const tokens = [];
  const send = async (url, options) => {
    if (url === "/session") return json({ account, token: "new" });
    tokens.push(options.headers["X-CSRFToken"]);
    return json(tokens.at(-1) === "new" ? { ok: true } : { refused: 400 });
  };
  return { send, tokens };
}

test("a request with an old token is retried once with a new one", async () => {
  const { send, tokens } = server("anna");
  const answer = await sendWithToken("/check", { headers: {} }, pageOf("anna"), send);
  assert.deepEqual(await answer.json(), { ok: true });
  assert.deepEqual(tokens, ["old", "new"]);
});

for (const present of ["", "ben"]) {
  test(`a request of a signed-out account is not retried (now: ${present || "nobody"})`, async () => {
    const { send, tokens } = server(present);
    const page = pageOf("anna");
    await assert.rejects(sendWithToken("/check", { headers: {} }, page, send));
    assert.deepEqual(tokens, ["old"]);
    assert.deepEqual(page.told, [NEEDS_SESSION]);
  });
}
