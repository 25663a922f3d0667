import assert from "node:assert/strict";
import { test } from "node:test";

import { contentsOf, isTouched } from "../../static/js/languages.js";

const TEXT = { type: "text", name: "name", value: "Ada", defaultValue: "" };
const SAME = { type: "number", name: "score", value: "50", defaultValue: "50" };
const SECRET = { type: "password", name: "current", value: "secret", defaultValue: "" };
const TOKEN = { type: "hidden", name: "csrf_token", value: "t", defaultValue: "t" };
const TICKED = { type: "checkbox", name: "consent", value: "y", checked: true, defaultChecked: false };
const OPEN = { type: "checkbox", name: "scopes", value: "read", checked: false, defaultChecked: false };
const FILES = { type: "file", name: "images", files: [{}] };

function form(elements, found = null) {
  return { elements, querySelector: () => found };
}

test("typing, ticking and choosing change a form, its initial values do not", () => {
  assert.equal(isTouched(form([SAME, TOKEN, OPEN])), false);
  for (const field of [TEXT, TICKED, FILES]) assert.equal(isTouched(form([SAME, field])), true);
  assert.equal(isTouched(form([SAME], {})), true);
});

test("a form's values are carried over, except secrets, tokens and files", () => {
  const { typed, hasFiles } = contentsOf(form([TEXT, SAME, SECRET, TOKEN, TICKED, OPEN, FILES]));
  assert.equal(typed, "name=Ada&score=50&consent=y");
  assert.equal(hasFiles, true);
  assert.equal(contentsOf(form([TEXT])).hasFiles, false);
});
