/** Opens and closes the camera. */

import { cameras, constraints } from "./devices.js";
import { CameraFailure, failureOf, obstacle } from "./failures.js";

/** One camera at a time, shown in a video element. */
export class Camera {
  #video;
  #memory;
  #scope;
  #stream = null;

  /** Called when the camera in use is unplugged. */
  onunplugged = () => {};

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./devices.js").CameraMemory} memory
   * @param {Window} scope
   */
  constructor(video, memory, scope = globalThis) {
    this.#video = video;
    this.#memory = memory;
    this.#scope = scope;
  }

  /**
   * Request the camera and play it.
   * @throws {CameraFailure} with the code of the error
   */
  async open() {
    this.close();
    const missing = obstacle(this.#scope);
    if (missing) throw new CameraFailure(missing);
    try {
      this.#stream = await this.#request();
      this.#watch(this.#stream);
      this.#video.srcObject = this.#stream;
      await this.#video.play();
    } catch (error) {
      this.close();
      throw new CameraFailure(failureOf(error, await this.permission()));
    }
  }

  /** Stop every track, which turns the camera's light off. */
  close() {
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /** @returns {string | null} id of the camera in use */
  get current() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? null;
  }

  /**
   * @param {(n: number) => string} numbered names a camera without a label
   * @returns {Promise<import("./devices.js").CameraChoice[]>}
   */
  async choices(numbered) {
    return cameras(await this.#scope.navigator.mediaDevices.enumerateDevices(), numbered);
  }

  /** @returns {Promise<PermissionState | undefined>} undefined if the browser does not report it */
  async permission() {
    try {
      return (await this.#scope.navigator.permissions.query({ name: "camera" })).state;
    } catch {
      return undefined;
    }
  }

  async #request() {
    const media = this.#scope.navigator.mediaDevices;
    const remembered = this.#memory.recall();
    try {
      return await media.getUserMedia(constraints(remembered));
    } catch (error) {
      const isGone = ["OverconstrainedError", "NotFoundError"].includes(error.name);
      if (!remembered || !isGone) throw error;
      this.#memory.forget();
      return media.getUserMedia(constraints(null));
    }
  }

  #watch(stream) {
    for (const track of stream.getVideoTracks()) {
      track.onended = () => {
        this.close();
        this.onunplugged();
      };
    }
  }
}
