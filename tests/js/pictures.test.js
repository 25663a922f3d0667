import assert from "node:assert/strict";
import { test } from "node:test";

import { CheckFailure } from "../../static/js/camera/check.js";
import { checkWaiting } from "../../static/js/pictures/checking.js";
import { whatIsMissing } from "../../static/js/pictures/picking.js";
import { fileOf } from "../../static/js/pictures/kept.js";
import { Tray } from "../../static/js/pictures/tray.js";

const WORDS = { offline: "offline", refused: "refused", too_large: "too large" };
const named = (name) => ({ name });

test("pictures beyond the limit are left out", () => {
  const tray = new Tray(2);
  const added = tray.add([named("a"), named("b"), named("c")]);
  assert.equal(added.length, 2);
  assert.equal(tray.room, 0);
});

test("nothing can be sent without a usable picture, and the reason is shown", () => {
  const tray = new Tray(3);
  assert.equal(whatIsMissing(tray.pictures), "no_photo_yet");
  const [first] = tray.add([named("a"), named("b")]);
  assert.equal(whatIsMissing(tray.pictures), null);
  for (const { id } of tray.pictures) tray.judge(id, "poor");
  assert.equal(whatIsMissing(tray.pictures), "no_photo_usable");
  tray.judge(first.id, "unknown");
  assert.equal(whatIsMissing(tray.pictures), null);
});

test("a removed picture is no longer sent", () => {
  const tray = new Tray(3);
  const [first] = tray.add([named("a"), named("b")]);
  tray.remove(first.id);
  assert.deepEqual(tray.files, [named("b")]);
});

test("each picture gets the verdict on itself", async () => {
  const tray = new Tray(3);
  const verdicts = {
    "good.jpg": { ok: true, reasons: [], message: "" },
    "dark.jpg": { ok: false, reasons: ["too_dark"], message: "The face is too dark." },
    "glasses.jpg": { ok: true, reasons: ["eyes_hidden"], message: "The eyes are hidden." },
  };
  tray.add(Object.keys(verdicts).map(named));
  await checkWaiting(tray, async (file) => verdicts[file.name], WORDS);
  assert.deepEqual(tray.pictures.map(({ state, message }) => [state, message]), [
    ["good", ""],
    ["poor", "The face is too dark."],
    ["doubtful", "The eyes are hidden."],
  ]);
});

test("pictures are checked one at a time", async () => {
  const tray = new Tray(5);
  tray.add(["a", "b", "c"].map(named));
  let underWay = 0;
  await checkWaiting(tray, async () => {
    underWay += 1;
    assert.equal(underWay, 1);
    await new Promise(setImmediate);
    underWay -= 1;
    return { ok: true, reasons: [], message: "" };
  }, WORDS);
  assert.ok(tray.pictures.every((picture) => picture.state === "good"));
});

test("a picture without a verdict is left to the server's check", async () => {
  const tray = new Tray(1);
  tray.add([named("a")]);
  await checkWaiting(tray, async () => {
    throw new CheckFailure("offline", 1000);
  }, WORDS);
  assert.equal(tray.pictures[0].state, "unknown");
  assert.equal(tray.pictures[0].message, "offline");
});

test("a file that is too large cannot be used", async () => {
  const tray = new Tray(1);
  tray.add([named("a")]);
  await checkWaiting(tray, async () => {
    throw new CheckFailure("too_large", 1000);
  }, WORDS);
  assert.equal(tray.pictures[0].state, "poor");
});

test("a picture removed while it is checked stays away", async () => {
  const tray = new Tray(1);
  const [picture] = tray.add([named("a")]);
  await checkWaiting(tray, async () => {
    tray.remove(picture.id);
    return { ok: true, reasons: [], message: "" };
  }, WORDS);
  assert.deepEqual(tray.pictures, []);
});

test("a returned picture becomes a file with its name and bytes", async () => {
  const value = `${encodeURIComponent("Tag 1, zu Hause.jpg")},${btoa("\xff\xd8 picture")}`;
  const file = fileOf(value);
  assert.equal(file.name, "Tag 1, zu Hause.jpg");
  assert.equal(file.type, "image/jpeg");
  assert.deepEqual([...new Uint8Array(await file.arrayBuffer())].slice(0, 2), [0xff, 0xd8]);
});

test("a picture with a doubt keeps it until it is removed", () => {
  const tray = new Tray(2);
  const [picture] = tray.add([named("a")], { state: "doubtful", message: "Like Ada" });
  assert.deepEqual([picture.state, picture.message], ["doubtful", "Like Ada"]);
});
