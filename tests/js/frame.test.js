import assert from "node:assert/strict";
import { test } from "node:test";

import { visiblePart, within } from "../../static/js/camera/frame.js";

test("a wide frame on an upright stage loses its sides and keeps its middle", () => {
  assert.deepEqual(visiblePart(1280, 720, 3 / 4), { x: 370, y: 0, width: 540, height: 720 });
});

test("an upright frame on a wide stage loses top and bottom", () => {
  assert.deepEqual(visiblePart(720, 1280, 4 / 3), { x: 0, y: 370, width: 720, height: 540 });
});

test("a frame of the stage's shape is kept whole", () => {
  assert.deepEqual(visiblePart(640, 480, 4 / 3), { x: 0, y: 0, width: 640, height: 480 });
});

test("the crop never reaches over the frame and has the stage's shape", () => {
  for (const [width, height] of [[640, 480], [1920, 1080], [1080, 1920], [333, 777]]) {
    for (const aspect of [0.5, 0.75, 1, 4 / 3, 2]) {
      const crop = visiblePart(width, height, aspect);
      assert.ok(crop.x >= 0 && crop.x + crop.width <= width);
      assert.ok(crop.y >= 0 && crop.y + crop.height <= height);
      assert.ok(Math.abs(crop.width / crop.height - aspect) < 0.01);
    }
  }
});

test("frames are shrunk to a longest side and never enlarged", () => {
  const crop = { x: 0, y: 0, width: 1280, height: 960 };
  assert.deepEqual(within(crop, 320), { width: 320, height: 240 });
  assert.deepEqual(within(crop, 5000), { width: 1280, height: 960 });
});
