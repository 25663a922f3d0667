import assert from "node:assert/strict";
import { test } from "node:test";

import { Checker } from "../../static/js/camera/check.js";

const answering = (status, body = {}, headers = {}) => {
  const requests = [];
  const send = async (url, options) => {
    requests.push({ url, ...options });
    return new Response(JSON.stringify(body), { status, headers });
  };
  return { checker: new Checker("/camera/check", "token", send), requests };
};
const frame = new Blob(["frame"], { type: "image/jpeg" });

test("a frame is posted with its purpose and the page's token", async () => {
  const { checker, requests } = answering(200, { ok: true });
  assert.deepEqual(await checker.check(frame, "guide"), { ok: true });
  const [{ url, method, headers, body }] = requests;
  assert.equal(url, "/camera/check");
  assert.equal(method, "POST");
  assert.equal(headers["X-CSRFToken"], "token");
  assert.equal(body.get("purpose"), "guide");
  assert.equal(body.get("frame").size, frame.size);
});

test("a busy server's answer holds the time to retry", async () => {
  const { checker } = answering(429, {}, { "Retry-After": "7" });
  await assert.rejects(checker.check(frame, "guide"), { code: "busy", retryMs: 7000 });
});

test("too large, refused and offline have different codes", async () => {
  await assert.rejects(answering(413).checker.check(frame, "guide"), { code: "too_large" });
  await assert.rejects(answering(403).checker.check(frame, "guide"), { code: "refused" });
  const offline = new Checker("/camera/check", "token", async () => {
    throw new TypeError("network");
  });
  await assert.rejects(offline.check(frame, "guide"), { code: "offline" });
});
