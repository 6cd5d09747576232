// Command life drives Cloudflare's own Go library, on which its Terraform provider is built, through the life
// of a store and its secrets. It prints what it saw as JSON, for the suite to judge.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	cloudflare "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/secrets_store"
)

type seen struct {
	Store      string   `json:"store"`
	Created    string   `json:"created"`
	Scopes     []string `json:"scopes"`
	Listed     []string `json:"listed"`
	Comment    string   `json:"comment"`
	Cleared    string   `json:"cleared"`
	Duplicate  string   `json:"duplicate"`
	Usage      float64  `json:"usage"`
	Conflict   failure  `json:"conflict"`
	NoBody     failure  `json:"noBody"`
	Missing    failure  `json:"missing"`
	StoreGone  failure  `json:"storeGone"`
	WrongToken failure  `json:"wrongToken"`
}

type failure struct {
	Status   int    `json:"status"`
	Code     int64  `json:"code"`
	Message  string `json:"message"`
	Requests int    `json:"requests"`
}

var requests int

func main() {
	ctx := context.Background()
	account := cloudflare.F(os.Getenv("CLOUDFLARE_ACCOUNT_ID"))
	options := []option.RequestOption{
		option.WithBaseURL(os.Getenv("CLOUDFLARE_BASE_URL")),
		option.WithMiddleware(func(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			requests++
			return next(request)
		}),
	}
	withToken := append(options, option.WithAPIToken(os.Getenv("CLOUDFLARE_API_TOKEN")))
	stores := secrets_store.NewStoreService(withToken...)
	secrets := stores.Secrets
	var out seen

	store, err := stores.New(ctx, secrets_store.StoreNewParams{AccountID: account, Name: cloudflare.F("go-store")})
	must(err)
	got, err := stores.Get(ctx, store.ID, secrets_store.StoreGetParams{AccountID: account})
	must(err)
	out.Store = got.Name
	out.Created = got.Created.UTC().Format("2006-01-02T15:04:05.000Z")

	secret := func(name string, scopes ...string) secrets_store.StoreSecretNewParamsBody {
		list := []secrets_store.StoreSecretNewParamsBodyScope{}
		for _, scope := range scopes {
			list = append(list, secrets_store.StoreSecretNewParamsBodyScope(scope))
		}
		return secrets_store.StoreSecretNewParamsBody{
			Name:   cloudflare.F(name),
			Value:  cloudflare.F("value"),
			Scopes: cloudflare.F(list),
		}
	}
	create := func(bodies ...secrets_store.StoreSecretNewParamsBody) ([]secrets_store.StoreSecretNewResponse, error) {
		page, err := secrets.New(ctx, store.ID, secrets_store.StoreSecretNewParams{AccountID: account, Body: bodies})
		if err != nil {
			return nil, err
		}
		return page.Result, nil
	}
	made, err := create(secret("A", "workers", "access"), secret("B", "dex"), secret("C", "workers"))
	must(err)
	for _, scope := range made[0].Scopes {
		out.Scopes = append(out.Scopes, string(scope))
	}

	pager := secrets.ListAutoPaging(ctx, store.ID, secrets_store.StoreSecretListParams{
		AccountID: account,
		PerPage:   cloudflare.F(int64(1)),
		Order:     cloudflare.F(secrets_store.StoreSecretListParamsOrderName),
		Direction: cloudflare.F(secrets_store.StoreSecretListParamsDirectionDesc),
		Scopes: cloudflare.F([]secrets_store.StoreSecretListParamsScope{
			secrets_store.StoreSecretListParamsScopeWorkers,
			secrets_store.StoreSecretListParamsScopeDEX,
		}),
	})
	for pager.Next() {
		out.Listed = append(out.Listed, pager.Current().Name)
	}
	must(pager.Err())

	edit := func(comment secrets_store.StoreSecretEditParams) string {
		comment.AccountID = account
		edited, err := secrets.Edit(ctx, store.ID, made[0].ID, comment)
		must(err)
		return edited.Comment
	}
	out.Comment = edit(secrets_store.StoreSecretEditParams{Comment: cloudflare.F("ours")})
	out.Cleared = edit(secrets_store.StoreSecretEditParams{Comment: cloudflare.Null[string]()})

	copied, err := secrets.Duplicate(ctx, store.ID, made[0].ID, secrets_store.StoreSecretDuplicateParams{
		AccountID: account,
		Name:      cloudflare.F("D"),
		Scopes: cloudflare.F([]secrets_store.StoreSecretDuplicateParamsScope{
			secrets_store.StoreSecretDuplicateParamsScopeWorkers,
		}),
	})
	must(err)
	out.Duplicate = copied.Name
	quota, err := secrets_store.NewQuotaService(withToken...).Get(ctx, secrets_store.QuotaGetParams{AccountID: account})
	must(err)
	out.Usage = quota.Secrets.Usage

	out.Conflict = failing(func() error { _, err := create(secret("E", "dex"), secret("B", "dex")); return err })
	out.NoBody = failing(func() error {
		_, err := secrets.BulkDelete(ctx, store.ID, secrets_store.StoreSecretBulkDeleteParams{AccountID: account})
		return err
	})
	_, err = secrets.Delete(ctx, store.ID, made[1].ID, secrets_store.StoreSecretDeleteParams{AccountID: account})
	must(err)
	out.Missing = failing(func() error {
		_, err := secrets.Get(ctx, store.ID, made[1].ID, secrets_store.StoreSecretGetParams{AccountID: account})
		return err
	})
	_, err = stores.Delete(ctx, store.ID, secrets_store.StoreDeleteParams{AccountID: account, Force: cloudflare.F(true)})
	must(err)
	read := func(from *secrets_store.StoreService) error {
		_, err := from.Get(ctx, store.ID, secrets_store.StoreGetParams{AccountID: account})
		return err
	}
	out.StoreGone = failing(func() error { return read(stores) })
	out.WrongToken = failing(func() error {
		return read(secrets_store.NewStoreService(append(options, option.WithAPIToken("nobody"))...))
	})
	must(json.NewEncoder(os.Stdout).Encode(out))
}

func failing(call func() error) failure {
	requests = 0
	err := call()
	var api *cloudflare.Error
	if !errors.As(err, &api) || len(api.Errors) == 0 {
		return failure{}
	}
	return failure{api.StatusCode, api.Errors[0].Code, api.Errors[0].Message, requests}
}

func must(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
