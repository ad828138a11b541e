package main

import (
	"github.com/pulumi-nylas-imap/pulumi-nylas-imap/sdk/go/nylas"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		// pulumi config set --secret password
		settings := config.New(ctx, "")

		imap, err := nylas.NewImapConnector(ctx, "imap", nil)
		if err != nil {
			return err
		}
		ops, err := nylas.NewByoImapGrant(ctx, "ops", &nylas.ByoImapGrantArgs{
			Connector:    imap.ID(),
			ImapUsername: pulumi.String(settings.Require("username")),
			ImapPassword: settings.RequireSecret("password"),
			ImapHost:     pulumi.String(settings.Require("imapHost")),
			ImapPort:     pulumi.Int(settings.RequireInt("imapPort")),
			SmtpHost:     pulumi.String(settings.Require("smtpHost")),
			SmtpPort:     pulumi.Int(settings.RequireInt("smtpPort")),
		})
		if err != nil {
			return err
		}

		ctx.Export("grantId", ops.GrantId)
		return nil
	})
}
