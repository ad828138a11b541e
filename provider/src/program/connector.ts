import * as pulumi from "@pulumi/pulumi";
import { CONNECTOR_OUTPUTS, type ConnectorOutputs } from "../core/connector/state.js";
import { connectorThunk } from "../hosts/dynamic/thunk.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { checkConfiguration, MODULE, type Outputs, ownerOf, resourceOptions, stackDigest } from "./identity.js";
import { onceInRun } from "./once-in-run.js";
import { refuseUnusableCode } from "./stored-code.js";

/** The arguments of {@link ImapConnector}. */
export interface ImapConnectorArgs {
  /** Display name. If absent, Nylas chooses one. A change updates in place. */
  name?: pulumi.Input<string> | undefined;
  /**
   * What to do if the application already has an IMAP connector: `"fail"` with `connector_exists`, or `"adopt"` it. A change
   * sends no request.
   *
   * @default "fail"
   */
  onExisting?: pulumi.Input<"fail" | "adopt"> | undefined;
  /**
   * Whether destroy deletes an adopted connector. Otherwise it stays at Nylas. A change sends no request.
   *
   * @default false
   */
  deleteAdopted?: pulumi.Input<boolean> | undefined;
  /**
   * Whether to delete the connector while grants use it. All of them become `invalid` at once, and Nylas may delete them later.
   * Otherwise the deletion fails with `connector_in_use`, which gives their number. A change sends no request.
   *
   * @default false
   */
  forceDelete?: pulumi.Input<boolean> | undefined;
  /**
   * The configuration namespace of the application's settings, such as key and region. A change replaces.
   *
   * @default "nylas"
   */
  application?: string | undefined;
}

/**
 * The IMAP connector of a Nylas application, which enables IMAP mailboxes. An application has at most one.
 *
 * ```ts
 * const connector = new ImapConnector("imap");
 * ```
 *
 * @see https://developer.nylas.com/docs/reference/api/connectors-integrations/create_connector/
 */
export class ImapConnector extends pulumi.dynamic.Resource implements Outputs<ConnectorOutputs> {
  /** @internal */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/nylas:ImapConnector";

  /** Always `imap`. */
  declare readonly provider: pulumi.Output<string>;
  /** The name that Nylas returns, or the declared one if Nylas returns none; absent if neither is there. */
  declare readonly name: pulumi.Output<string>;
  /** Whether it existed before this resource adopted it. */
  declare readonly adopted: pulumi.Output<boolean>;
  /** The Nylas application it belongs to. */
  declare readonly applicationId: pulumi.Output<string>;

  /**
   * The configuration namespace, which its grants inherit. A connector of an earlier version has none. The two underscores
   * keep it out of the outputs of a stack that exports the connector.
   *
   * @internal
   */
  readonly __application?: string;

  constructor(name: string, args: ImapConnectorArgs = {}, opts?: pulumi.CustomResourceOptions) {
    checkConfiguration(args.application);
    onceInRun(connectorThunk, () => refuseUnusableCode(connectorThunk));
    const owner = ownerOf(name, ImapConnector.__pulumiType, opts);
    const inputs = { ...CONNECTOR_OUTPUTS, ...args, owner, stack: stackDigest() };
    super(connectorThunk, name, inputs, resourceOptions(opts), MODULE, "ImapConnector");
    this.__application = args.application ?? DEFAULT_APPLICATION;
  }

  /** Refers to an existing connector without managing it; its id is `imap`. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): ImapConnector {
    return new ImapConnector(name, {}, { ...opts, id });
  }

  /** Whether a value is an `ImapConnector`, including one of another copy of this package. */
  static override isInstance(obj: unknown): obj is ImapConnector {
    return pulumi.Resource.isInstance(obj) && "__pulumiType" in obj && obj.__pulumiType === ImapConnector.__pulumiType;
  }
}
