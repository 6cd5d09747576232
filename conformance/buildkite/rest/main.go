// Command rest drives Buildkite's own Go library, on which its other clients of the REST API are built. It
// reads one question per line and answers each in a line: what the library gave, and how it failed.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/buildkite/go-buildkite/v4"
)

type question struct {
	Call        string `json:"call"`
	Cluster     string `json:"cluster"`
	ID          string `json:"id"`
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description"`
	Policy      string `json:"policy"`
	Name        string `json:"name"`
	Page        int    `json:"page"`
	PerPage     int    `json:"per_page"`
}

type answer struct {
	Result any    `json:"result"`
	Status int    `json:"status"`
	Next   int    `json:"next"`
	Last   int    `json:"last"`
	Error  string `json:"error"`
}

func main() {
	org := os.Getenv("BUILDKITE_ORGANIZATION_SLUG")
	client, err := buildkite.NewOpts(
		buildkite.WithTokenAuth(os.Getenv("BUILDKITE_API_TOKEN")),
		buildkite.WithBaseURL(os.Getenv("BUILDKITE_REST_API_ENDPOINT")),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := json.NewEncoder(os.Stdout)
	questions := bufio.NewScanner(os.Stdin)
	for questions.Scan() {
		var asked question
		if err := json.Unmarshal(questions.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		result, response, err := ask(context.Background(), client, org, asked)
		given := answer{Result: result}
		if response != nil {
			given.Status, given.Next, given.Last = response.StatusCode, response.NextPage, response.LastPage
		}
		if err != nil {
			given.Error = err.Error()
		}
		if err := answers.Encode(given); err != nil {
			os.Exit(1)
		}
	}
}

func ask(ctx context.Context, client *buildkite.Client, org string, q question) (any, *buildkite.Response, error) {
	secrets, clusters := client.ClusterSecrets, client.Clusters
	page := buildkite.ListOptions{Page: q.Page, PerPage: q.PerPage}
	switch q.Call {
	case "secrets.list":
		return three(secrets.List(ctx, org, q.Cluster, &buildkite.ClusterSecretsListOptions{ListOptions: page}))
	case "secrets.get":
		return three(secrets.Get(ctx, org, q.Cluster, q.ID))
	case "secrets.create":
		return three(secrets.Create(ctx, org, q.Cluster, buildkite.ClusterSecretCreate{
			Key: q.Key, Value: q.Value, Description: q.Description, Policy: q.Policy,
		}))
	case "secrets.update":
		return three(secrets.Update(ctx, org, q.Cluster, q.ID, buildkite.ClusterSecretUpdate{
			Description: q.Description, Policy: q.Policy,
		}))
	case "secrets.value":
		return two(secrets.UpdateValue(ctx, org, q.Cluster, q.ID, buildkite.ClusterSecretValueUpdate{Value: q.Value}))
	case "secrets.delete":
		return two(secrets.Delete(ctx, org, q.Cluster, q.ID))
	case "clusters.list":
		return three(clusters.List(ctx, org, &buildkite.ClustersListOptions{ListOptions: page}))
	case "clusters.create":
		return three(clusters.Create(ctx, org, buildkite.ClusterCreate{Name: q.Name, Description: q.Description}))
	case "clusters.delete":
		return two(clusters.Delete(ctx, org, q.Cluster))
	case "token":
		return three(client.AccessTokens.Get(ctx))
	case "user":
		return three(client.User.CurrentUser(ctx))
	case "organization":
		return three(client.Organizations.Get(ctx, org))
	}
	return nil, nil, fmt.Errorf("no such call: %s", q.Call)
}

func three[T any](result T, response *buildkite.Response, err error) (any, *buildkite.Response, error) {
	return result, response, err
}

func two(response *buildkite.Response, err error) (any, *buildkite.Response, error) {
	return nil, response, err
}
