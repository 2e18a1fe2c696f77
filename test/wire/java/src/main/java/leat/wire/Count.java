package leat.wire;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** One line per check, and the sum. */
final class Count {
    private int passed;
    private int failed;

    synchronized void check(String what, boolean good, Object why) {
        if (good) {
            passed++;
            System.out.println("ok  java: " + what);
        } else {
            failed++;
            String text = String.valueOf(why);
            System.out.println("FAIL java: " + what + ": " + text.substring(0, Math.min(400, text.length())));
        }
    }

    void equal(String what, Object got, Object wanted) {
        check(what, Objects.equals(got, wanted), got + ", not " + wanted);
    }

    /** Runs one part; what it throws is its failure and ends that part only. */
    <T> T part(String name, Callable<T> work) {
        try {
            return work.call();
        } catch (Exception why) {
            check(name, false, why + " " + why.getCause());
            return null;
        }
    }

    void refused(String what, String code, String message, Callable<?> work) {
        try {
            work.call();
            check(what, false, "it was accepted");
        } catch (Exception thrown) {
            Throwable why = thrown instanceof CompletionException ? thrown.getCause() : thrown;
            if (why instanceof AwsServiceException service) {
                equal(what, service.awsErrorDetails().errorCode() + " " + service.awsErrorDetails().errorMessage(),
                    code + " " + message);
            } else {
                check(what, false, why);
            }
        }
    }

    int sum() {
        System.out.println(passed + " passed, " + failed + " failed");
        return failed > 0 || passed == 0 ? 1 : 0;
    }
}
