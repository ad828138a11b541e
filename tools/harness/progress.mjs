/** When a terminal is absent, a step that takes longer than this, in milliseconds, is announced. */
const SILENCE_MS = 2_000;
const REDRAW_MS = 1_000;
/** Columns of a small terminal. */
export const COLUMNS = 80;
const ERASE_LINE = "\r\x1b[K";

const inPlace = process.stderr.isTTY === true && process.env.TERM !== "dumb";

/**
 * What goes on, the latest last: that one is shown.
 * @type {{ text: string, started: number }[]}
 */
const running = [];

/**
 * Says on standard error what is being done, until `end` is called: on a terminal in a line that counts the seconds and
 * then goes away, elsewhere in a line of its own if it takes more than two seconds.
 * @param {string} text
 * @param {{ announced?: boolean }} [options] `announced`: the text has been printed
 */
export function progress(text, { announced = false } = {}) {
  const current = { text, started: performance.now() };
  const timer = inPlace
    ? setInterval(draw, REDRAW_MS)
    : setTimeout(() => {
        if (!announced) process.stderr.write(`${text} …\n`);
      }, SILENCE_MS);
  running.push(current);
  draw();
  return {
    /** @param {string} detail follows the text, on a terminal only */
    detail: (detail) => {
      current.text = `${text}${detail}`;
      draw();
    },
    end: () => {
      clearTimeout(timer);
      erase();
      running.splice(running.indexOf(current), 1);
      draw();
    },
  };
}

/**
 * Writes a line, before the line that shows the progress.
 * @param {NodeJS.WriteStream} stream
 * @param {string} line
 */
export function print(stream, line) {
  erase();
  stream.write(`${line}\n`);
  draw();
}

function draw() {
  const shown = running.at(-1);
  if (!inPlace || shown === undefined) return;
  const time = ` … ${Math.floor((performance.now() - shown.started) / 1000)} s`;
  const room = (process.stderr.columns ?? COLUMNS) - time.length - 1;
  process.stderr.write(`${ERASE_LINE}${shown.text.slice(0, room)}${time}`);
}

function erase() {
  if (inPlace && running.length > 0) process.stderr.write(ERASE_LINE);
}
