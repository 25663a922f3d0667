/** The pictures that will be sent: taken by the camera or chosen as files, with their checks. */

/**
 * @typedef {object} Picture
 * @property {number} id
 * @property {File} file
 * @property {string | null} pose set for a picture of the camera
 * @property {"waiting" | "checking" | "good" | "doubtful" | "poor" | "unknown"} state
 * @property {string} message what the check said
 */

/** Keeps pictures in order and tells about every change. */
export class Tray {
  /** @type {Picture[]} */
  pictures = [];
  onchange = () => {};
  #lastId = 0;

  /** @param {number} most how many pictures may be sent at once */
  constructor(most) {
    this.most = most;
  }

  /** @returns {number} how many more fit */
  get room() {
    return this.most - this.pictures.length;
  }

  /** @returns {File[]} */
  get files() {
    return this.pictures.map((picture) => picture.file);
  }

  /**
   * Add pictures as far as there is room.
   * @param {File[]} files
   * @param {Partial<Pick<Picture, "pose" | "state" | "message">>} facts
   * @returns {Picture[]} those that were added
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
   * Put another file in a picture's place; a picture removed meanwhile gets a place of its own.
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
   * Note what the check said; a picture removed meanwhile is left alone.
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
