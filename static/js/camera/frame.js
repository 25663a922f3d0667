/** Grabs frames from a playing video: not mirrored, cropped to what the user sees. */

export const CAPTURE_SIDE = 1280;
const CAPTURE_QUALITY = 0.92;

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Crop in pixels
 */

/**
 * Return the central part of a frame in the stage's shape, as `object-fit: cover` shows it.
 * @param {number} width of the frame, px
 * @param {number} height of the frame, px
 * @param {number} aspect width ÷ height of the stage
 * @returns {Crop}
 */
export function visiblePart(width, height, aspect) {
  const cropWidth = Math.min(width, Math.round(height * aspect));
  const cropHeight = Math.min(height, Math.round(width / aspect));
  return {
    x: Math.round((width - cropWidth) / 2),
    y: Math.round((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
}

/**
 * Return the size after shrinking the longer side to at most `side`; never enlarges.
 * @param {Crop} crop
 * @param {number} side px
 * @returns {{width: number, height: number}}
 */
export function within(crop, side) {
  const scale = Math.min(1, side / Math.max(crop.width, crop.height));
  return { width: Math.round(crop.width * scale), height: Math.round(crop.height * scale) };
}

/** Grabs JPEG frames from a video element. */
export class FrameGrabber {
  #video;
  #canvas = document.createElement("canvas");

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
  }

  /**
   * Grab a small frame for guidance.
   * @param {number} side longest side, px
   * @param {number} quality of the JPEG, 0 to 1
   * @returns {Promise<Blob>}
   */
  small(side, quality) {
    return this.#grab(side, quality);
  }

  /**
   * Grab a full frame as a file, to compare or store.
   * @param {string} name without extension
   * @returns {Promise<File>}
   */
  async full(name) {
    const blob = await this.#grab(CAPTURE_SIDE, CAPTURE_QUALITY);
    return new File([blob], `${name}.jpg`, { type: "image/jpeg" });
  }

  #grab(side, quality) {
    const { videoWidth, videoHeight, clientWidth, clientHeight } = this.#video;
    const crop = visiblePart(videoWidth, videoHeight, clientWidth / clientHeight);
    const size = within(crop, side);
    Object.assign(this.#canvas, size);
    const context = this.#canvas.getContext("2d", { alpha: false });
    context.drawImage(
      this.#video,
      crop.x, crop.y, crop.width, crop.height,
      0, 0, size.width, size.height,
    );
    return new Promise((resolve, reject) => {
      const done = (blob) => (blob ? resolve(blob) : reject(new Error("no frame")));
      this.#canvas.toBlob(done, "image/jpeg", quality);
    });
  }
}
