import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { Values } from "../../core/properties/values.js";

const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = messages.PropertyDiff.Kind;

/** The engine's message about what differs, by name. `isArgument` tells the names of arguments from those of outputs. */
export function differenceMessage(
  changed: readonly string[],
  replaces: readonly string[],
  olds: Values,
  news: Values,
  isArgument: (name: string) => boolean = () => true,
): InstanceType<typeof messages.DiffResponse> {
  const response = new messages.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDeletebeforereplace(true);
  response.setHasdetaileddiff(changed.length > 0);
  response.setDiffsList([...changed]);
  response.setReplacesList([...replaces]);
  for (const name of changed) {
    const property = new messages.PropertyDiff();
    const [isNew, isGone] = isArgument(name) ? [isAbsent(olds[name]), isAbsent(news[name])] : [false, false];
    property.setKind(kindOf(isNew, isGone, replaces.includes(name)));
    property.setInputdiff(!isAbsent(news[name]));
    response.getDetaileddiffMap().set(name, property);
  }
  return response;
}

/** A password is in neither the old nor the new values: its change counts as an update. */
function kindOf(isNew: boolean, isGone: boolean, replaces: boolean) {
  if (isNew && !isGone) return replaces ? ADD_REPLACE : ADD;
  if (isGone && !isNew) return replaces ? DELETE_REPLACE : DELETE;
  return replaces ? UPDATE_REPLACE : UPDATE;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
