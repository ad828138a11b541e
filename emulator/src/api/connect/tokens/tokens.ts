import { TOKEN_PREFIX } from "../../../secret.js";
import { nowSeconds } from "../../../store/store.js";
import { ShortLived } from "./short-lived.js";

/** Nylas: the lifetime of an access token, and of an ID token. */
export const TOKEN_SECONDS = 3600;
const MILLISECONDS = 1000;
/** Access tokens. More than one for each refresh token, because a client may refresh before the last one has expired. */
const MAX_ACCESS_TOKENS = 10_000;
/** Refresh tokens. */
const MAX_REFRESH_TOKENS = 1000;

/** What an access token or an ID token stands for. */
export interface TokenInfo {
  grantId: string;
  /** Seconds since 1970. */
  issuedAt: number;
}

export interface IssuedTokens {
  grantId: string;
  accessToken: string;
  refreshToken?: string;
}

/** The tokens of one log-in refer to one object of this type, by which they are revoked together. */
interface Login {
  readonly grantId: string;
}

/** Access tokens and refresh tokens of grants. */
export class Tokens {
  readonly #access = new ShortLived<{ login: Login; issuedAt: number }>({
    max: MAX_ACCESS_TOKENS,
    lifetimeMs: TOKEN_SECONDS * MILLISECONDS,
    prefix: TOKEN_PREFIX,
  });
  /** Nylas: a refresh token is valid until it is revoked. */
  readonly #refresh = new ShortLived<Login>({
    max: MAX_REFRESH_TOKENS,
    lifetimeMs: Number.POSITIVE_INFINITY,
    prefix: TOKEN_PREFIX,
  });

  /** The tokens of another log-in; a refresh token only with `offline`. */
  issue(grantId: string, offline: boolean): IssuedTokens {
    const login: Login = { grantId };
    const issued = this.#accessOf(login);
    return offline ? { ...issued, refreshToken: this.#refresh.issue(login) } : issued;
  }

  /** Another access token of the same log-in; undefined for a refresh token that is unknown or revoked. */
  refresh(refreshToken: string): IssuedTokens | undefined {
    const login = this.#refresh.find(refreshToken);
    return login && this.#accessOf(login);
  }

  infoOf(accessToken: string): TokenInfo | undefined {
    const found = this.#access.find(accessToken);
    return found && { grantId: found.login.grantId, issuedAt: found.issuedAt };
  }

  /** Nylas: revokes the other tokens of the log-in too. False for a token that is unknown, revoked or expired. */
  revoke(token: string): boolean {
    const login = this.#access.find(token)?.login ?? this.#refresh.find(token);
    if (login === undefined) return false;
    this.#access.dropEach((access) => access.login === login);
    this.#refresh.dropEach((refresh) => refresh === login);
    return true;
  }

  #accessOf(login: Login): IssuedTokens {
    return { grantId: login.grantId, accessToken: this.#access.issue({ login, issuedAt: nowSeconds() }) };
  }
}
