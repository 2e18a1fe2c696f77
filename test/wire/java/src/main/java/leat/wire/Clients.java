package leat.wire;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** The SDK's clients as users build them; only the endpoint, the number of attempts and the trusted CA are ours. */
final class Clients {
    private Clients() {
    }

    static Region region() {
        String name = System.getenv("AWS_REGION") != null ? System.getenv("AWS_REGION") : System.getenv("AWS_DEFAULT_REGION");
        return Region.of(name == null ? "us-east-1" : name);
    }

    /** The content type of the last request, so that a test knows which protocol it tests. */
    static final class Spoken implements ExecutionInterceptor {
        private static volatile String last;

        @Override
        public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
            last = context.httpRequest().firstMatchingHeader("Content-Type").orElse("none");
        }

        static String last() {
            return last;
        }
    }

    static ClientOverrideConfiguration attempts(int n) {
        return ClientOverrideConfiguration.builder().addExecutionInterceptor(new Spoken())
            .retryStrategy(StandardRetryStrategy.builder().maxAttempts(n).circuitBreakerEnabled(false).build()).build();
    }

    /** HTTP/2 through Netty: prior knowledge on http, ALPN or not on https. */
    static KinesisAsyncClient async(String endpoint, int tries) throws Exception {
        NettyNioAsyncHttpClient.Builder http = NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP2).maxConcurrency(200)
            .connectionAcquisitionTimeout(Duration.ofSeconds(20));
        if (endpoint.startsWith("https")) {
            TrustManager[] trusted = trust();
            http.tlsTrustManagersProvider(() -> trusted);
        }
        return KinesisAsyncClient.builder().endpointOverride(URI.create(endpoint)).region(region()).httpClientBuilder(http)
            .overrideConfiguration(attempts(tries)).build();
    }

    /** HTTP/1.1. */
    static KinesisClient sync(String endpoint) throws Exception {
        UrlConnectionHttpClient.Builder http = UrlConnectionHttpClient.builder();
        if (endpoint.startsWith("https")) {
            TrustManager[] trusted = trust();
            http.tlsTrustManagersProvider(() -> trusted);
        }
        return KinesisClient.builder().endpointOverride(URI.create(endpoint)).region(region()).httpClientBuilder(http)
            .overrideConfiguration(attempts(10)).build();
    }

    private static TrustManager[] trust() throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(Path.of(System.getenv("LEAT_CA")))) {
            store.setCertificateEntry("leat", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }
}
