export { descendants, endProcess, type RunningProcess } from "../../scripts/kit/processes.mjs";
