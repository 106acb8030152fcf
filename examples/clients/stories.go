// A provider's system, using the client that openapi-generator writes in Go.
//
// `make check-clients` generates the client, compiles this file beside it, and runs it against a server.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	pars "github.com/GIT_USER_ID/GIT_REPO_ID"
)

var (
	api *pars.APIClient
	ctx = context.WithValue(context.Background(), pars.ContextAccessToken, os.Getenv("PARS_KEY"))
	run = fmt.Sprint(time.Now().UnixNano())
)

func check(holds bool, told ...any) {
	if !holds {
		panic(fmt.Sprint(told...))
	}
}

// problemOf returns the problem that an error carries; any other error ends the program.
func problemOf(err error) pars.Problem {
	var refused *pars.GenericOpenAPIError
	check(errors.As(err, &refused), err)
	problem, read := refused.Model().(pars.Problem)
	check(read, string(refused.Body()))
	return problem
}

func succeeded(err error) {
	if err != nil {
		panic(fmt.Sprint(err, problemOf(err)))
	}
}

func register() *pars.Activity {
	listing := *pars.NewListing()
	listing.SetPublic(false)
	body := pars.NewActivityIn()
	body.SetTitle("Airway course")
	body.SetFormat("live-course")
	body.SetStartDate("2021-01-01")
	body.SetEndDate("2021-12-31")
	body.SetAmaPraCredits(10)
	body.SetDeliveryMethods([]pars.DeliveryMethod{pars.DELIVERY_METHOD_ONLINE})
	body.SetDescription("Two days in the simulation centre.")
	body.SetProvidership(pars.PROVIDERSHIP_DIRECT)
	body.SetListing(listing)
	made, _, err := api.ActivitiesAPI.RegisterActivity(ctx).ActivityIn(*body).IdempotencyKey("activity-" + run).Execute()
	succeeded(err)
	check(made.Status != pars.ACTIVITY_STATUS_DRAFT, made.Missing)
	return made
}

func completionOf(activity *pars.Activity, credits float32, day string) pars.CompletionIn {
	learner := *pars.NewLearnerIn()
	learner.SetFirstName("Rebecca")
	learner.SetLastName("Test")
	learner.SetDateOfBirth("02/01")
	cme := *pars.NewCmeIn()
	cme.SetState("TN")
	cme.SetLicenseId("444444")
	cme.SetCredits(credits)
	body := *pars.NewCompletionIn()
	body.SetActivityId(activity.ActivityId)
	body.SetCompletedOn(day)
	body.SetPermission(true)
	body.SetLearner(learner)
	body.SetCme([]pars.CmeIn{cme})
	return body
}

// create reports a completion with an idempotency key, twice: the second answer is the stored one.
func create(activity *pars.Activity) *pars.ReportedCompletion {
	var reported *pars.ReportedCompletion
	for _, replayed := range []string{"", "true"} {
		call := api.LearnerCompletionsAPI.ReportCompletion(ctx).CompletionIn(completionOf(activity, 3, "2021-06-12"))
		answer, response, err := call.IdempotencyKey("completion-" + run).Execute()
		succeeded(err)
		check(response.StatusCode == 201 && answer.Outcome == pars.OUTCOME_CREATED, answer)
		check(response.Header.Get("Idempotency-Replayed") == replayed, response.Header)
		reported = answer
	}
	credit := reported.Credits[0]
	check(credit.Board == "TN-M" && credit.Credits == 3 && credit.Kind == pars.CREDIT_KIND_CME, credit)
	found, _, err := api.LearnerCompletionsAPI.GetCompletion(ctx, reported.CompletionId).Execute()
	succeeded(err)
	check(found.Credits[0].CreditId == credit.CreditId, found)
	return reported
}

// correct changes the version that was read; with an older version the service refuses.
func correct(activity *pars.Activity, reported *pars.ReportedCompletion) {
	put := func(credits float32, version string) pars.ApiCorrectCompletionRequest {
		call := api.LearnerCompletionsAPI.CorrectCompletion(ctx, reported.CompletionId).IfMatch(version)
		return call.CompletionIn(completionOf(activity, credits, "2021-06-12"))
	}
	corrected, _, err := put(4, `"1"`).Execute()
	succeeded(err)
	check(corrected.Outcome == pars.OUTCOME_UPDATED && corrected.Version == 2, corrected)
	_, _, err = put(5, `"1"`).Execute()
	check(problemOf(err).Code == "precondition-failed", err)
	_, response, err := put(5, `"2"`).Prefer("return=minimal").Execute()
	check(err == nil && response.StatusCode == 204 && response.Header.Get("ETag") == `"3"`, err)
}

func page(activity *pars.Activity) {
	found := map[string]bool{}
	for cursor := ""; ; {
		call := api.ActivitiesAPI.ListActivities(ctx).Limit(7)
		if cursor != "" {
			call = call.Cursor(cursor)
		}
		listed, _, err := call.Execute()
		succeeded(err)
		for _, one := range listed.Data {
			check(!found[one.ActivityId], one.ActivityId)
			found[one.ActivityId] = true
		}
		cursor = listed.GetNextCursor()
		if cursor == "" {
			break
		}
	}
	check(len(found) > 7 && found[activity.ActivityId], found)
	recent, _, err := api.LearnerCompletionsAPI.ListCompletions(ctx).ActivityId([]string{activity.ActivityId}).
		Kind([]pars.CreditKind{pars.CREDIT_KIND_CME}).Include([]string{"total"}).SubmittedFrom("2021-06-12").Execute()
	succeeded(err)
	check(recent.GetTotal() == 1 && len(recent.Data) == 1, recent)
}

func eventsAfter(cursor string) *pars.EventPage {
	call := api.EventsAPI.ListEvents(ctx)
	if cursor != "" {
		call = call.After(cursor)
	}
	read, _, err := call.Execute()
	succeeded(err)
	return read
}

func lastCursor() string {
	read := eventsAfter("")
	for len(read.Data) > 0 {
		read = eventsAfter(read.NextCursor)
	}
	return read.NextCursor
}

// follow reads events: they appear a moment after the request that caused them was answered.
func follow(reported *pars.ReportedCompletion, cursor string) {
	ours := []pars.EventType{}
	for len(ours) < 3 {
		time.Sleep(100 * time.Millisecond)
		read := eventsAfter(cursor)
		for _, event := range read.Data {
			if event.Data.GetCompletionId() == reported.CompletionId {
				ours = append(ours, event.Type)
			}
		}
		cursor = read.NextCursor
	}
	check(ours[0] == pars.EVENT_TYPE_COMPLETION_REPORTED && ours[2] == pars.EVENT_TYPE_CREDIT_CORRECTED, ours)
}

func validate() {
	body := *pars.NewValidationIn()
	body.SetFirstName("Rebecca")
	body.SetLastName("Test")
	body.SetState("TN")
	body.SetLicenseId("444444")
	answer, _, err := api.LearnerValidationsAPI.ValidateLearner(ctx).ValidationIn(body).Execute()
	succeeded(err)
	check(answer.Result == pars.VALIDATION_RESULT_ONE && answer.GetLearnerId() != "", answer.GetHint())
}

// upload sends two records, one of them wrong, and waits; the rejected one comes back as it was sent.
func upload(activity *pars.Activity) {
	file, err := os.CreateTemp("", "learners-*.ndjson")
	check(err == nil, err)
	defer os.Remove(file.Name())
	for place, credits := range []float32{0.5, 60.3} {
		day := fmt.Sprintf("2021-09-%02d", place+1)
		check(json.NewEncoder(file).Encode(completionOf(activity, credits, day)) == nil)
	}
	_, err = file.Seek(0, io.SeekStart)
	check(err == nil, err)
	batch, _, err := api.BatchesAPI.UploadBatch(ctx).File(file).Kind(pars.BATCH_KIND_LEARNER_COMPLETIONS).
		PermissionAttested(true).IdempotencyKey("upload-" + run).Prefer("wait=20").Execute()
	succeeded(err)
	for batch.Status != pars.BATCH_STATUS_COMPLETED {
		batch, _, err = api.BatchesAPI.GetBatch(ctx, batch.BatchId).Prefer("wait=20").Execute()
		succeeded(err)
	}
	counts := batch.Counts
	check(counts.Read == 2 && counts.GetAdded() == 1 && counts.Rejected == 1 && !counts.HasOne(), counts)
	refused, _, err := api.BatchesAPI.ListBatchRows(ctx, batch.BatchId).
		Outcome([]pars.RowOutcome{pars.ROW_OUTCOME_REJECTED}).Execute()
	succeeded(err)
	check(len(refused.Data) == 1 && refused.Data[0].Row == 2 && len(refused.Data[0].Findings) > 0, refused)
	rejected, _, err := api.BatchesAPI.GetBatchFile(ctx, batch.BatchId, pars.BATCH_FILE_REJECTED).Execute()
	succeeded(err)
	sentBack, err := os.ReadFile(rejected.Name())
	check(err == nil && strings.Contains(string(sentBack), "credit-quarter"), string(sentBack))
}

func fail(activity *pars.Activity) {
	_, response, err := api.LearnerCompletionsAPI.ReportCompletion(ctx).
		CompletionIn(completionOf(activity, 60.3, "2021-06-12")).Execute()
	problem := problemOf(err)
	check(response.StatusCode == http.StatusUnprocessableEntity && problem.Code == "completion-rejected", problem)
	pointers := map[string]string{}
	for _, fault := range problem.Errors {
		pointers[fault.Code] = fault.GetPointer()
	}
	check(pointers["credit-quarter"] == "/cme/0/credits", pointers)
	for _, finding := range problem.Findings {
		check(finding.Rule != "credit-quarter" || finding.Severity == pars.SEVERITY_REJECT, finding)
		check(finding.Hint != "", finding)
	}
}

// grow reads an answer of a later service, which has fields that this client does not know.
func grow(reported *pars.ReportedCompletion) {
	text, err := json.Marshal(reported)
	check(err == nil, err)
	later := strings.Replace(string(text), `"credit_id"`, `"colour":{},"credit_id"`, 1)
	later = strings.Replace(later, `"completion_id"`, `"colour":"blue","completion_id"`, 1)
	var read pars.ReportedCompletion
	err = json.Unmarshal([]byte(later), &read)
	check(err == nil && strings.Count(later, "colour") == 2, err)
}

func main() {
	configuration := pars.NewConfiguration()
	configuration.Servers = pars.ServerConfigurations{{URL: os.Getenv("PARS_URL")}}
	api = pars.NewAPIClient(configuration)
	cursor := lastCursor()
	activity := register()
	reported := create(activity)
	correct(activity, reported)
	page(activity)
	follow(reported, cursor)
	validate()
	upload(activity)
	fail(activity)
	grow(reported)
	fmt.Println("told: create correct page events validate upload problem grow")
}
