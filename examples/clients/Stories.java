import java.io.File;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.api.ActivitiesApi;
import org.openapitools.client.api.BatchesApi;
import org.openapitools.client.api.EventsApi;
import org.openapitools.client.api.LearnerCompletionsApi;
import org.openapitools.client.api.LearnerValidationsApi;
import org.openapitools.client.model.*;

/**
 * A provider's system, using the client that openapi-generator writes in Java (library "native").
 *
 * <p>`make check-clients` generates the client, compiles this file with it, and runs it against a server. The JDK's HTTP
 * client offers the server HTTP/2 with every request over plain HTTP; the server answers in HTTP/1.1.
 */
public final class Stories {
    private final ActivitiesApi activities;
    private final LearnerCompletionsApi completions;
    private final LearnerValidationsApi validations;
    private final EventsApi events;
    private final BatchesApi batches;
    private final ObjectMapper json;

    private Stories(String url, String key) {
        ApiClient pars = new ApiClient();
        // Before the first API is made of it: each keeps the address that it finds.
        pars.updateBaseUri(url);
        pars.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
        activities = new ActivitiesApi(pars);
        completions = new LearnerCompletionsApi(pars);
        validations = new LearnerValidationsApi(pars);
        events = new EventsApi(pars);
        batches = new BatchesApi(pars);
        json = pars.getObjectMapper();
    }

    private static void check(boolean holds, Object told) {
        if (!holds) throw new AssertionError(String.valueOf(told));
    }

    private Activity register() throws ApiException {
        ActivityIn body = new ActivityIn()
            .title("Airway course")
            .format("live-course")
            .startDate("2021-01-01")
            .endDate("2021-12-31")
            .amaPraCredits(new BigDecimal("10"))
            .deliveryMethods(List.of(DeliveryMethod.DELIVERY_METHOD_ONLINE))
            .description("Two days in the simulation centre.")
            .providership(Providership.PROVIDERSHIP_DIRECT)
            .listing(new Listing()._public(false));
        Activity made = activities.registerActivity(body, null, UUID.randomUUID().toString(), null);
        check(made.getStatus() != ActivityStatus.ACTIVITY_STATUS_DRAFT, made.getMissing());
        return made;
    }

    private CompletionIn completionOf(Activity activity, String credits, String day) {
        return new CompletionIn()
            .activityId(activity.getActivityId())
            .completedOn(day)
            .permission(true)
            .learner(new LearnerIn().firstName("Rebecca").lastName("Test").dateOfBirth("02/01"))
            .addCmeItem(new CmeIn().state("TN").licenseId("444444").credits(new BigDecimal(credits)));
    }

    /** Report a completion with an idempotency key, twice: the second answer is the stored one. */
    private ReportedCompletion create(Activity activity) throws ApiException {
        CompletionIn body = completionOf(activity, "3", "2021-06-12");
        String key = UUID.randomUUID().toString();
        ApiResponse<ReportedCompletion> first = completions.reportCompletionWithHttpInfo(body, null, null, key, null);
        ReportedCompletion reported = first.getData();
        check(first.getStatusCode() == 201 && reported.getOutcome() == Outcome.OUTCOME_CREATED, reported);
        Credit credit = reported.getCredits().get(0);
        check(credit.getBoard().equals("TN-M") && credit.getCredits().compareTo(new BigDecimal("3")) == 0, credit);
        check(reported.getCompletedOn().equals(LocalDate.of(2021, 6, 12)), reported);
        check(completions.reportCompletion(body, null, null, key, null).equals(reported), "another answer");
        CompletionDetail found = completions.getCompletion(reported.getCompletionId(), null, null);
        check(found.getCredits().equals(reported.getCredits()), found);
        return reported;
    }

    /** Correct the version that was read; with an older version the service refuses. */
    private void correct(Activity activity, ReportedCompletion reported) throws ApiException {
        String seen = '"' + reported.getVersion().toString() + '"';
        String id = reported.getCompletionId();
        CompletionIn body = completionOf(activity, "4", "2021-06-12");
        ReportedCompletion corrected = completions.correctCompletion(id, seen, body, null, null);
        check(corrected.getOutcome() == Outcome.OUTCOME_UPDATED && corrected.getVersion() == 2, corrected);
        try {
            completions.correctCompletion(id, seen, completionOf(activity, "5", "2021-06-12"), null, null);
            check(false, "an older version was taken");
        } catch (ApiException refused) {
            check(refused.getCode() == 412 && problemOf(refused).getCode().equals("precondition-failed"), refused);
        }
        ApiResponse<ReportedCompletion> minimal = completions.correctCompletionWithHttpInfo(
            id, "\"2\"", completionOf(activity, "5", "2021-06-12"), null, "return=minimal");
        check(minimal.getStatusCode() == 204 && minimal.getData() == null, minimal.getStatusCode());
    }

    private void page(Activity activity) throws ApiException {
        List<String> found = new ArrayList<>();
        String cursor = null;
        do {
            ActivityPage page = activities.listActivities(
                7, cursor, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
            page.getData().forEach(listed -> found.add(listed.getActivityId()));
            cursor = page.getNextCursor();
        } while (cursor != null);
        check(found.size() > 7 && new HashSet<>(found).size() == found.size(), found);
        check(found.contains(activity.getActivityId()), found);
        CompletionPage recent = completions.listCompletions(
            3, null, "-completed_on,last_name", List.of("total"), null, List.of(activity.getActivityId()), null, null,
            null, List.of(CreditKind.CREDIT_KIND_CME), null, null, null, "2021-06-12", null, null, null, null, null,
            null, null, null, null, null, null, null);
        check(recent.getTotal() == 1 && recent.getData().size() == 1, recent);
    }

    private EventPage after(String cursor) throws ApiException {
        return events.listEvents(cursor, null, null);
    }

    private String lastCursor() throws ApiException {
        EventPage page = after(null);
        while (!page.getData().isEmpty()) page = after(page.getNextCursor());
        return page.getNextCursor();
    }

    /** Events appear a moment after the request that caused them was answered. */
    private void follow(ReportedCompletion reported, String cursor) throws Exception {
        List<EventType> ours = new ArrayList<>();
        while (ours.size() < 3) {
            Thread.sleep(100);
            EventPage page = after(cursor);
            for (ProviderEvent event : page.getData()) {
                if (reported.getCompletionId().equals(event.getData().getCompletionId())) ours.add(event.getType());
            }
            cursor = page.getNextCursor();
        }
        EventType corrected = EventType.EVENT_TYPE_CREDIT_CORRECTED;
        check(ours.equals(List.of(EventType.EVENT_TYPE_COMPLETION_REPORTED, corrected, corrected)), ours);
    }

    private void validate() throws ApiException {
        Validation answer = validations.validateLearner(
            new ValidationIn().firstName("Rebecca").lastName("Test").state("TN").licenseId("444444"), null);
        check(answer.getResult() == ValidationResult.VALIDATION_RESULT_ONE, answer.getHint());
        check(answer.getLearnerId() != null, answer);
    }

    /** Upload two records, one of them wrong, and wait; the rejected one comes back as it was sent. */
    private void upload(Activity activity) throws Exception {
        String content = json.writeValueAsString(completionOf(activity, "0.5", "2021-09-01")) + "\n"
            + json.writeValueAsString(completionOf(activity, "60.3", "2021-09-02"));
        Path file = Files.createTempFile("learners", ".ndjson");
        Files.writeString(file, content);
        Batch batch = batches.uploadBatch(
            file.toFile(), BatchKind.BATCH_KIND_LEARNER_COMPLETIONS, null, UUID.randomUUID().toString(), "wait=20",
            true, null, null);
        while (batch.getStatus() != BatchStatus.BATCH_STATUS_COMPLETED) {
            batch = batches.getBatch(batch.getBatchId(), null, "wait=20");
        }
        BatchCounts counts = batch.getCounts();
        check(counts.getRead() == 2 && counts.getAdded() == 1 && counts.getRejected() == 1, counts);
        check(counts.getOne() == null, counts);
        RowPage refused = batches.listBatchRows(
            batch.getBatchId(), null, null, List.of(RowOutcome.ROW_OUTCOME_REJECTED), null);
        check(refused.getData().size() == 1 && refused.getData().get(0).getRow() == 2, refused);
        File rejected = batches.getBatchFile(batch.getBatchId(), BatchFile.BATCH_FILE_REJECTED, null, null);
        check(Files.readString(rejected.toPath()).contains("credit-quarter"), rejected);
        Files.delete(file);
    }

    private Problem problemOf(ApiException refused) {
        try {
            return json.readValue(refused.getResponseBody(), Problem.class);
        } catch (java.io.IOException unreadable) {
            throw new AssertionError(refused.getResponseBody(), unreadable);
        }
    }

    private void fail(Activity activity) {
        try {
            completions.reportCompletion(completionOf(activity, "60.3", "2021-06-12"), null, null, null, null);
            check(false, "60.3 was taken");
        } catch (ApiException refused) {
            Problem problem = problemOf(refused);
            check(problem.getStatus() == 422 && problem.getCode().equals("completion-rejected"), problem);
            check(problem.getErrors().stream().anyMatch(error ->
                error.getCode().equals("credit-quarter") && Objects.equals(error.getPointer(), "/cme/0/credits")), problem);
            check(problem.getFindings().stream().allMatch(finding -> !finding.getHint().isEmpty()), problem);
        }
    }

    /** An answer of a later service has a field that this client does not know: it is read all the same. */
    private void grow(ReportedCompletion reported) throws Exception {
        ObjectNode later = json.valueToTree(reported);
        later.put("colour", "blue");
        ((ObjectNode) later.get("credits").get(0)).putObject("colour");
        check(json.treeToValue(later, ReportedCompletion.class).getCredits().size() == 1, later);
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> known = System.getenv();
        Stories stories = new Stories(known.get("PARS_URL"), known.get("PARS_KEY"));
        String cursor = stories.lastCursor();
        Activity activity = stories.register();
        ReportedCompletion reported = stories.create(activity);
        stories.correct(activity, reported);
        stories.page(activity);
        stories.follow(reported, cursor);
        stories.validate();
        stories.upload(activity);
        stories.fail(activity);
        stories.grow(reported);
        System.out.println("told: create correct page events validate upload problem grow");
    }
}
