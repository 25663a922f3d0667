import assert from "node:assert/strict";
import { test } from "node:test";

import { PATIENCE_MS } from "../../static/js/camera/poses.js";
import { Tray } from "../../static/js/pictures/tray.js";
import { Enrolling } from "../../static/js/plans/enrolling.js";
import { BURST, Verifying } from "../../static/js/plans/verifying.js";

const WORDS = {
  comparing: "comparing", picture_of: "{n}/{all}", one_taken: "{n} taken",
  enough_taken: "done", file_name: "camera-{n}", pose_left: "left", pose_straight: "straight",
  pose_right: "right", pose_up: "up",
};
const FACING = { yaw: 0, pitch: 0 };
const unseen = () => {};
const grabber = { full: async (name) => ({ name: `${name}.jpg` }) };

function verifying() {
  const tray = new Tray(5);
  const sent = [];
  const form = { requestSubmit: () => sent.push([...tray.files]) };
  const plan = new Verifying({ form, tray, words: WORDS, wait: async () => {} });
  return { plan, tray, sent };
}

test("verifying sends a short burst, in place of pictures from before", async () => {
  const { plan, tray, sent } = verifying();
  tray.add([{ name: "old.jpg" }]);
  const shown = [];
  assert.equal(await plan.capture(grabber, (picture) => shown.push(picture)), "enough");
  plan.finish();
  assert.equal(sent[0].length, BURST);
  assert.ok(sent[0].every((file) => file.name.startsWith("camera-")));
  assert.deepEqual(shown, [sent[0][0]]);
});

function enrolling() {
  const tray = new Tray(10);
  const clock = { time: 0 };
  const plan = new Enrolling({ tray, words: WORDS, now: () => clock.time });
  return { plan, tray, clock };
}

test("enrolling takes three pictures, each with the next pose", async () => {
  const { plan, tray } = enrolling();
  const wanted = [];
  for (let n = 0; n < 3; n += 1) wanted.push(await plan.capture(grabber, unseen));
  assert.deepEqual(wanted, ["more", "more", "enough"]);
  assert.deepEqual(tray.pictures.map((picture) => picture.pose), ["straight", "left", "right"]);
  assert.equal(plan.taken(), "done");
});

test("enrolling shows the next pose and the number of pictures left", async () => {
  const { plan } = enrolling();
  assert.equal(plan.count(), "1/3");
  await plan.capture(grabber, unseen);
  assert.equal(plan.count(), "2/3");
  assert.equal(plan.wish(), "left");
  assert.ok(!plan.accepts(FACING));
});

test("a retaken picture stays until the new one replaces it", async () => {
  const { plan, tray } = enrolling();
  for (let n = 0; n < 3; n += 1) await plan.capture(grabber, unseen);
  const [, second] = tray.pictures;
  plan.retake(second);
  assert.equal(plan.pose, "left");
  assert.equal(tray.pictures.length, 3);
  assert.equal(await plan.capture(grabber, unseen), "enough");
  assert.deepEqual(tray.files.map((file) => file.name), [
    "camera-1.straight.jpg", "camera-4.left.jpg", "camera-3.right.jpg",
  ]);
});

test("a picture stays if the camera is turned off before its retake", async () => {
  const { plan, tray } = enrolling();
  for (let n = 0; n < 3; n += 1) await plan.capture(grabber, unseen);
  plan.retake(tray.pictures[1]);
  plan.leave();
  await plan.capture(grabber, unseen);
  assert.equal(tray.pictures.length, 4);
});

test("patience starts with the prompt for the pose", () => {
  const { plan, tray, clock } = enrolling();
  tray.add([{}], { pose: "straight" });
  clock.time = 10 * PATIENCE_MS;
  plan.begin();
  assert.ok(!plan.accepts(FACING));
  clock.time += PATIENCE_MS;
  assert.ok(plan.accepts(FACING));
});

test("a retaken picture gets the pose of the one it replaces", async () => {
  const { plan, tray } = enrolling();
  for (let n = 0; n < 3; n += 1) await plan.capture(grabber, unseen);
  tray.remove(tray.pictures[1].id);
  assert.equal(plan.pose, "left");
  assert.equal(await plan.capture(grabber, unseen), "enough");
});

test("two pictures never have the same file name", async () => {
  const { plan, tray } = enrolling();
  await plan.capture(grabber, unseen);
  tray.remove(tray.pictures[0].id);
  await plan.capture(grabber, unseen);
  await plan.capture(grabber, unseen);
  assert.equal(new Set(tray.files.map((file) => file.name)).size, 2);
});
