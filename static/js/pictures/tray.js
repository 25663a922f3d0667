/** The pictures to send, from the camera or from files, with their verdicts. */

/**
 * @typedef {object} Picture
 * @property {number} id
 * @property {File} file
 * @property {string | null} pose set for a picture of the camera
 * @property {"waiting" | "checking" | "good" | "doubtful" | "poor" | "unknown"} state
 * @property {string} message of the check
 */

/** Keeps pictures in order and reports every change. */
export class Tray {
  /** @type {Picture[]} */
  pictures = [];
  onchange = () => {};
  #lastId = 0;

  /** @param {number} most maximum number of pictures in a request */
  constructor(most) {
    this.most = most;
  }

  /** @returns {number} number of pictures that still fit */
  get room() {
    return this.most - this.pictures.length;
  }

  /** @returns {File[]} */
  get files() {
    return this.pictures.map((picture) => picture.file);
  }

  /**
   * Add pictures up to the maximum.
   * @param {File[]} files
   * @param {Partial<Pick<Picture, "pose" | "state" | "message">>} facts
   * @returns {Picture[]} the pictures added
   */
  add(files, { pose = null, state = "waiting", message = "" } = {}) {
    const added = files.slice(0, this.room).map((file) => {
      this.#lastId += 1;
      return { id: this.#lastId, file, pose, state, message };
    });
    this.pictures.push(...added);
    this.onchange();
    return added;
  }

  /**
   * Replace a picture by another file; add the file if the picture was removed meanwhile.
   * @param {number} id
   * @param {File} file
   */
  replace(id, file) {
    const place = this.pictures.findIndex((picture) => picture.id === id);
    if (place < 0) {
      this.add([file]);
      return;
    }
    const { pose } = this.pictures[place];
    this.#lastId += 1;
    this.pictures[place] = { id: this.#lastId, file, pose, state: "waiting", message: "" };
    this.onchange();
  }

  /** @param {number} id */
  remove(id) {
    this.pictures = this.pictures.filter((picture) => picture.id !== id);
    this.onchange();
  }

  clear() {
    this.pictures = [];
    this.onchange();
  }

  /**
   * Record a verdict; ignore a picture removed meanwhile.
   * @param {number} id
   * @param {Picture["state"]} state
   * @param {string} message
   */
  judge(id, state, message = "") {
    const picture = this.pictures.find((one) => one.id === id);
    if (!picture) return;
    Object.assign(picture, { state, message });
    this.onchange();
  }
}
