"""The error messages of git and its servers, their meaning and their remedy, as one table. The first match counts.

The texts are GitHub's, GitHub Enterprise Server's, git's and curl's own, in lower case.
"""

from __future__ import annotations

from ml_action.core.dataclass import dataclass


@dataclass(frozen=True)
class KnownGitError:
    """An error of git or its server that we can explain."""

    texts: tuple[str, ...]  # the message contains one of these, in lower case
    what: str
    why: str
    fix: str
    transient: bool = False
    wait: float | None = None  # seconds until a retry makes sense, if known


KNOWN_ERRORS = (
    KnownGitError(
        ("not a git repository",),
        "this folder is not a git repository",
        "the workspace holds no checkout, or the path is wrong",
        "run actions/checkout before this step, or name a repository with --workspace",
    ),
    KnownGitError(
        ("certificate has expired", "certificate is not yet valid"),
        "the server's certificate is not valid now",
        "it has expired, or this machine's clock is wrong",
        "renew the certificate of the server or proxy, or set the clock",
    ),
    KnownGitError(
        ("no alternative certificate subject name", "does not match target host name", "hostname mismatch"),
        "the server's certificate is for another name",
        "the address is an alias or an IP address, or a proxy answers in the server's place",
        "use the name that the certificate has (GITHUB_SERVER_URL), or let the proxy pass git through",
    ),
    KnownGitError(
        ("error setting certificate", "problem with the ssl ca cert", "error adding trust anchors"),
        "the file of certificate authorities cannot be used",
        "SSL_CERT_FILE, GIT_SSL_CAINFO or a variable like them names a file that is no list of certificates (PEM)",
        "correct the variable, or leave it out and set `ca-bundle`",
    ),
    KnownGitError(
        (
            "ssl certificate problem",
            "server certificate verification failed",
            "certificate verify failed",
            "unable to get local issuer certificate",
            "self-signed certificate",
            "self signed certificate",
            "peer certificate cannot be authenticated",
            "unable to verify the first certificate",
        ),
        "the server's certificate is not trusted here",
        "its authority is private, such as a company's, and this machine or container does not know it",
        "put the authority's certificate (PEM) into the repository, and name it with `ca-bundle`, or set SSL_CERT_FILE",
    ),
    KnownGitError(
        ("without `workflow", "without `workflows`", "workflow scope"),
        "the token may not push commits that change workflows",
        "the base branch has changed a workflow since, and the token lacks the permission for workflows",
        "give the App or token the permission workflows: write; GITHUB_TOKEN cannot have it",
    ),
    KnownGitError(
        ("gh007", "publish a private email"),
        "the server refuses the e-mail address of the bot's commits",
        "the account of the token blocks pushes that show its private address",
        "turn off Settings → Emails → “Block command line pushes that expose my email” there, or use an App's token",
    ),
    KnownGitError(
        ("cannot contain secrets", "push protection", "secret-scanning"),
        "the server's push protection takes something in the commit for a secret",
        "a dataset's name, a column or the model's file looks like a key",
        "open the address that the server names here and allow it, or remove what it found",
    ),
    KnownGitError(
        ("email address must", "email must match", "author email", "committer email", "commit author"),
        "a rule of the server asks for another author or e-mail address",
        "a ruleset restricts who may be the author or committer of a commit",
        "let the bot bypass that rule: Settings → Rules → Rulesets → the ruleset → Bypass list",
    ),
    KnownGitError(
        ("commit message must", "message must match", "commit message does not"),
        "a rule of the server asks for another commit message",
        "a ruleset or hook restricts the form of commit messages",
        "leave ml-auto-update/**/* out of that rule, or let the bot bypass it",
    ),
    KnownGitError(
        ("saml sso", "saml enforcement", "single sign-on", "sso authorization"),
        "the organization wants the token to be authorized for single sign-on",
        "it enforces SAML, and this personal token was not authorized for it",
        "authorize it: Settings → Developer settings → Tokens → Configure SSO; or use an App's token",
    ),
    KnownGitError(
        ("ip allow list", "ip address is not", "not permitted to access this repository"),
        "the organization does not let this machine's address in",
        "it has an IP allow list, and the runner's address is not on it",
        "add the runner's address to the list, or use a runner whose address is on it",
    ),
    KnownGitError(
        ("is suspended", "was suspended", "suspended account", "installation has been suspended"),
        "the account or App of the token is suspended",
        "its owner or GitHub suspended it",
        "use another token, or have the suspension ended",
    ),
    KnownGitError(
        ("has been disabled", "is disabled", "access blocked", "repository access blocked", "dmca"),
        "the repository is disabled",
        "GitHub or its administrators disabled it, for instance over a payment or a complaint",
        "its owner has to clear that with GitHub; until then, turn the workflow off",
    ),
    KnownGitError(
        ("has been locked", "is locked", "is being migrated", "repository is migrating"),
        "the repository is locked",
        "it is being moved to another server or owner",
        "wait until the move is over, and use the new address then",
    ),
    KnownGitError(
        ("maintenance mode", "in maintenance", "read-only mode", "currently read-only", "repository is read-only"),
        "the server takes no pushes now",
        "it is being maintained",
        "nothing was lost: the next run does the same again",
        transient=True,
    ),
    KnownGitError(
        ("two-factor", "password authentication was removed", "password authentication is not supported"),
        "the server does not accept this kind of token",
        "it is a password, or an account that needs two factors",
        "pass `token: ${{ github.token }}`, a fine-grained token or an App's token",
    ),
    KnownGitError(
        ("no space left on device", "disk quota exceeded"),
        "the disk of this machine is full",
        "the checkout, the datasets and the model need more space than is left",
        "free some, or use a runner with a larger disk; nothing was lost",
    ),
    KnownGitError(
        ("read-only file system", "insufficient permission for adding an object"),
        "git may not write here",
        "the folder belongs to another user, or is mounted without the right to write",
        "give this user the right to write there",
    ),
    KnownGitError(
        ("must have verified signatures",),
        "the server takes only signed commits on the bot's branches",
        "a branch protection or ruleset requires signatures, and `commit-signing` is none",
        "set `commit-signing: api` (an App's token, or the workflow's own), or leave ml-auto-update/**/* out of it",
    ),
    KnownGitError(
        ("gh006", "gh013", "protected branch", "rule violations"),
        "the server's branch rules refuse the bot's push",
        "a branch protection or ruleset covers the bot's branches ml-auto-update/*, or blocks this identity",
        "leave ml-auto-update/**/* out of the rule, or let the bot bypass it: Settings → Rules → Rulesets → "
        "the ruleset → Bypass list",
    ),
    KnownGitError(
        ("hook declined",),
        "a hook of the server refuses the bot's push",
        "the server runs a check of its own before it takes a push; what it says is quoted here",
        "do what the hook asks for, or have its owner let the bot's branches ml-auto-update/* through",
    ),
    KnownGitError(
        ("repository was archived",),
        "the repository is archived and read-only",
        "its owner archived it",
        "unarchive it, or turn the workflow off",
    ),
    KnownGitError(
        ("error: 429", "rate limit"),
        "the server gets too many requests from here",
        "GitHub bounds how often one token or address may ask",
        "nothing was lost: the next run does the same again",
        transient=True,
        wait=60,  # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    ),
    KnownGitError(
        ("error: 403", "permission to", "write access to repository not granted", "resource not accessible"),
        "the token may not write to this repository",
        "its permission contents: write is missing",
        "add `permissions: contents: write` to the job, or give the App or token that permission",
    ),
    KnownGitError(
        ("error: 301", "error: 302", "error: 303", "error: 307", "error: 308"),
        "the server sends git to another address, and the token goes to no other address than the one it is for",
        "the repository was renamed or moved, or a proxy or a login page is in the way",
        "use the repository's present name (GITHUB_REPOSITORY, GITHUB_SERVER_URL), or let the proxy pass git through",
    ),
    KnownGitError(
        ("authentication failed", "error: 401", "could not read username", "invalid username or"),
        "the server does not accept the token",
        "it is empty, expired or of another server",
        "pass `token: ${{ github.token }}` or a fresh App token; an App's token lives one hour",
    ),
    KnownGitError(
        ("error: 404", "repository not found", "does not appear to be a git repository"),
        "the repository was not found on the server",
        "its name is wrong, or the token cannot see it",
        "check the repository's name and that the token has contents: read on it",
    ),
    KnownGitError(
        ("couldn't find remote ref",),
        "the base branch does not exist on the server",
        "the repository is empty, or the setting `base` names another branch",
        "push a first commit, or correct `base`",
    ),
    KnownGitError(
        ("; cannot create 'refs/", "directory file conflict"),
        "a branch of this repository conflicts with the names of the bot's branches",
        "git cannot have both a branch ml-auto-update and a branch ml-auto-update/name/state",
        "rename or delete the branch that is named here",
    ),
    KnownGitError(
        ("shallow update not allowed",),
        "the server refuses pushes from shallow clones",
        "its receive.shallowUpdate is off",
        "check out with `fetch-depth: 0`",
    ),
    KnownGitError(
        ("gh001", "exceeds github's file size limit", "large files detected"),
        "the model file is larger than GitHub takes (100 MB)",
        "the estimator stores much: a forest of deep trees, or nearest neighbours",
        'bound it with `params`, such as {"max_depth": 12}, or choose another estimator',
    ),
    KnownGitError(
        (
            "could not resolve host",
            "failed to connect",
            "connection refused",
            "timed out",
            "unable to access",
            "the remote end hung up",
            "early eof",
            "rpc failed",
            "connection reset",
            "error: 5",
        ),
        "the server could not be reached",
        "the network is down, a proxy is in the way, or the server is having trouble",
        "nothing was lost: the next run does the same again",
        transient=True,
    ),
    KnownGitError(
        ("fetch-pack", "bad object", "unable to read", "missing blob", "not a valid object"),
        "the repository lacks an object that is needed",
        "the clone is partial (filter: blob:none) and its server could not be asked, or it is damaged",
        "check out without a filter",
    ),
)
