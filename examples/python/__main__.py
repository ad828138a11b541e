import pulumi
import pulumi_nylas as nylas

# pulumi config set --secret password
config = pulumi.Config()

imap = nylas.ImapConnector("imap")
ops = nylas.ByoImapGrant(
    "ops",
    connector=imap.id,
    imap_username=config.require("username"),
    imap_password=config.require_secret("password"),
    imap_host=config.require("imapHost"),
    imap_port=config.get_int("imapPort"),
    smtp_host=config.require("smtpHost"),
    smtp_port=config.get_int("smtpPort"),
)

pulumi.export("grantId", ops.grant_id)
