import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ENOUGH, hasPose, missingPose, nameWithPose, PATIENCE_MS, poseOf, POSES, TURN_DEGREES,
} from "../../static/js/camera/poses.js";

const SLIGHT = TURN_DEGREES + 1;

test("turning to one's own left moves the nose to the picture's right", () => {
  assert.ok(hasPose("left", { yaw: SLIGHT, pitch: 0 }, 0));
  assert.ok(!hasPose("left", { yaw: -SLIGHT, pitch: 0 }, 0));
  assert.ok(hasPose("right", { yaw: -SLIGHT, pitch: 0 }, 0));
});

test("a raised chin is a positive pitch", () => {
  assert.ok(hasPose("up", { yaw: 0, pitch: SLIGHT }, 0));
  assert.ok(hasPose("down", { yaw: 0, pitch: -SLIGHT }, 0));
  assert.ok(!hasPose("up", { yaw: 0, pitch: -SLIGHT }, 0));
});

test("a good face that does not turn is taken after PATIENCE_MS", () => {
  assert.ok(!hasPose("left", { yaw: 0, pitch: 0 }, PATIENCE_MS - 1));
  assert.ok(hasPose("left", { yaw: 0, pitch: 0 }, PATIENCE_MS));
});

test("the pose of a removed picture is requested again", () => {
  assert.equal(missingPose([]), "straight");
  assert.equal(missingPose(["straight", "right"]), "left");
  assert.equal(missingPose(POSES), null);
});

test("three to five pictures are taken", () => {
  assert.equal(ENOUGH, 3);
  assert.equal(POSES.length, 5);
});

test("a captured picture's name holds its pose, a chosen file's name none", () => {
  for (const pose of POSES) assert.equal(poseOf(`${nameWithPose("kamera-2", pose)}.jpg`), pose);
  assert.equal(poseOf("holiday.jpg"), null);
  assert.equal(poseOf("holiday.final.jpg"), null);
});
