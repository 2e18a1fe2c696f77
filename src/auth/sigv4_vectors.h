/* sigv4_vectors.h: signed requests made by others, for sigv4_test.c.
 *
 * "suite" is the published test suite of SigV4; "botocore" was signed by that library; the rest by a few lines of
 * Python, because no library at hand signs so. All with the suite's key pair. */
#pragma once

#include "auth/sigv4.h"

#define TEXT(literal) { .at = literal, .size = sizeof(literal) - 1 }

static const struct sigv4_header headers_0[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Target"), TEXT("Kinesis_20131202.PutRecord") },
    { TEXT("Content-Type"), TEXT("application/x-amz-json-1.1") },
    { TEXT("User-Agent"), TEXT("Boto3/1.43") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=conten"
           "t-type;host;x-amz-date;x-amz-target, Signature=51148d4230ce6f7747cf391b549c9fc8c4f13334b4465dcfbe4c51"
           "00b1606bf7") },
};

static const struct sigv4_header headers_1[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Target"), TEXT("Kinesis_20131202.ListStreams") },
    { TEXT("Content-Type"), TEXT("application/x-amz-json-1.1") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("X-Amz-Security-Token"), TEXT("FwoGZXIvYXdzEXAMPLE//token+with=odd/characters==") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=conten"
           "t-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=dbcf46216daaf4e1739342156911283ad"
           "d8a9c787ab621d9b19f45c6462239b0") },
};

static const struct sigv4_header headers_2[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/monitoring/aws4_request, SignedHeaders=hos"
           "t;x-amz-date, Signature=8fe39e734edd84ec207f42f568c4cccf2d40a2b98eb19b349ddc82f59e06813a") },
};

static const struct sigv4_header headers_3[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesisvideo/aws4_request, SignedHeaders=h"
           "ost;x-amz-date, Signature=21359644106dc42a1dc541918ebac7aba5a7e2eda5cabada73105f2f8d795838") },
};

static const struct sigv4_header headers_4[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host;x-"
           "amz-date, Signature=483f4c97a04865d2e013b016d305dda7b16f9c17f571c23cf8e2e6e978bf81f2") },
};

static const struct sigv4_header headers_5[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Odd"), TEXT("  a   b  c ") },
    { TEXT("X-Twice"), TEXT("one") },
    { TEXT("X-Twice"), TEXT("two  two") },
    { TEXT("Content-Type"), TEXT("application/x-amz-json-1.1") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/firehose/aws4_request, SignedHeaders=conte"
           "nt-type;host;x-amz-date;x-odd;x-twice, Signature=65a05598225c262dc5a0f059d4e21b428371e68a6f8bde9d6cfa"
           "7f491928e4dd") },
};

static const struct sigv4_header headers_6[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
};

static const struct sigv4_header headers_7[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
};

static const struct sigv4_header headers_8[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("X-Amz-Content-SHA256"), TEXT("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-"
           "content-sha256;x-amz-date, Signature=884f3cc8ffa557574e2351b4788fe58debc22e813444fabb13bcbe5c36f12cd0") },
};

static const struct sigv4_header headers_9[] = {
    { TEXT("Host"), TEXT("localhost:4567") },
};

static const struct sigv4_header headers_10[] = {
    { TEXT(":authority"), TEXT("localhost:4567") },
    { TEXT("content-type"), TEXT("application/x-amz-json-1.1") },
    { TEXT("x-amz-date"), TEXT("20260101T001500Z") },
    { TEXT("x-amz-target"), TEXT("Kinesis_20131202.PutRecord") },
    { TEXT("content-length"), TEXT("2") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=:autho"
           "rity;content-type;x-amz-date;x-amz-target, Signature=a446e986ce2d4f6c677c635fe459df0279cc7de57a0cd967"
           "9f4a277147fe9019") },
};

static const struct sigv4_header headers_11[] = {
    { TEXT("Host"), TEXT("localhost") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request,SignedHeaders=host;x-"
           "amz-date,Signature=7fe1a9528e9461ec15c4e82a3e86bc275b251850a3cc0050ad7c555b7cdf86e6") },
};

static const struct sigv4_header headers_12[] = {
    { TEXT("Host"), TEXT("localhost") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request SignedHeaders=host;x-"
           "amz-date Signature=7fe1a9528e9461ec15c4e82a3e86bc275b251850a3cc0050ad7c555b7cdf86e6") },
};

static const struct sigv4_header headers_13[] = {
    { TEXT("host"), TEXT("localhost") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("x-amz-content-sha256"), TEXT("UNSIGNED-PAYLOAD") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesisvideo/aws4_request, SignedHeaders=h"
           "ost;x-amz-date, Signature=c6cfd42307f41464d818f06ac765d14bac571c962c1318f458c50c173c5f1b36") },
};

static const struct sigv4_header headers_14[] = {
    { TEXT("Host"), TEXT("localhost") },
    { TEXT("Date"), TEXT("Thu, 01 Jan 2026 00:15:00 GMT") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=date;h"
           "ost, Signature=655383fb51c3150c7227f0d784213edd8139870350f73ffeb73aad5973b9f738") },
};

static const struct sigv4_header headers_15[] = {
    { TEXT("Connection"), TEXT("keep-alive") },
    { TEXT("host"), TEXT("localhost") },
    { TEXT("transfer-encoding"), TEXT("chunked") },
    { TEXT("user-agent"), TEXT("x") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesisvideo/aws4_request, SignedHeaders=c"
           "onnection;host;transfer-encoding;user-agent;x-amz-date, Signature=502604806b28b189c8fbae3c6364b004aad"
           "40f798b2b402edbed392838f63765") },
};

static const struct sigv4_header headers_16[] = {
    { TEXT("host"), TEXT("localhost") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesisvideo/aws4_request, SignedHeaders=h"
           "ost;x-amz-date, Signature=4b299486002067dcc948e9c4888e7b81316c73f2b87dc17ffacd1d942719c7a4") },
};

static const struct sigv4_header headers_17[] = {
    { TEXT(":authority"), TEXT("localhost:4567") },
    { TEXT("X-Amz-Date"), TEXT("20260101T001500Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=25bb01f97c8721b7f27c58a9aebff26eac2d203438ba328abe286031e481aab2") },
};

static const struct sigv4_header headers_18[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31") },
};

static const struct sigv4_header headers_19[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b") },
};

static const struct sigv4_header headers_20[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500") },
};

static const struct sigv4_header headers_21[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb") },
};

static const struct sigv4_header headers_22[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85") },
};

static const struct sigv4_header headers_23[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("My-Header1"), TEXT("value2") },
    { TEXT("My-Header1"), TEXT("value2") },
    { TEXT("My-Header1"), TEXT("value1") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;m"
           "y-header1;x-amz-date, Signature=c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea") },
};

static const struct sigv4_header headers_24[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("My-Header1"), TEXT(" value1") },
    { TEXT("My-Header2"), TEXT(" \"a   b   c\"") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;m"
           "y-header1;my-header2;x-amz-date, Signature=acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757"
           "a9c736") },
};

static const struct sigv4_header headers_25[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31") },
};

static const struct sigv4_header headers_26[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84") },
};

static const struct sigv4_header headers_27[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x"
           "-amz-date, Signature=652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741") },
};

static const struct sigv4_header headers_28[] = {
    { TEXT("Content-Type"), TEXT("application/x-www-form-urlencoded") },
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=conten"
           "t-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a") },
};

static const struct sigv4_header headers_29[] = {
    { TEXT("Host"), TEXT("example.amazonaws.com") },
    { TEXT("X-Amz-Date"), TEXT("20150830T123600Z") },
    { TEXT("My-Header1"), TEXT("value1") },
    { TEXT("Authorization"),
      TEXT("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;m"
           "y-header1;x-amz-date, Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c") },
};

static const struct vector {
    const char *name, *now;
    struct sigv4_request request;
} vectors[] = {
    {
        .name = "botocore, PutRecord",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{\"StreamName\":\"orders\",\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"k\"}"),
            .headers = headers_0,
            .header_count = 6,
        },
    },
    {
        .name = "botocore, session token",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{}"),
            .headers = headers_1,
            .header_count = 6,
        },
    },
    {
        .name = "botocore, odd query",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .query = TEXT("b=2&a=%2F%20x&a=1&empty=&flag&A=%C3%A9"),
            .headers = headers_2,
            .header_count = 3,
        },
    },
    {
        .name = "botocore, odd path",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/a%20b/./c/../d//e%3Af/"),
            .query = TEXT("x=1"),
            .headers = headers_3,
            .header_count = 3,
        },
    },
    {
        .name = "botocore, function ARN in a path",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aread~er"
                        "/invocations"),
            .query = TEXT("Qualifier=%24LATEST"),
            .body = TEXT("{\"a\":1}"),
            .headers = headers_4,
            .header_count = 3,
        },
    },
    {
        .name = "botocore, header spaces",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{}"),
            .headers = headers_5,
            .header_count = 7,
        },
    },
    {
        .name = "botocore, presigned",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .query = TEXT("X-Amz-ChannelARN=arn%3Aaws%3Akinesisvideo%3Aeu-west-1%3A123456789012%3Achannel%2Fdemo%2"
                         "F1&X-Amz-ClientId=me&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20"
                         "260101%2Feu-west-1%2Fkinesisvideo%2Faws4_request&X-Amz-Date=20260101T001500Z&X-Amz-Expi"
                         "res=299&X-Amz-SignedHeaders=host&X-Amz-Signature=fa205649b21d6a3414bb243d0a85bd412bd6c5"
                         "a9047aa9dab6cf315eb3123ced"),
            .headers = headers_6,
            .header_count = 1,
        },
    },
    {
        .name = "botocore, presigned with a token",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .query = TEXT("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-west-1%2F"
                         "sts%2Faws4_request&X-Amz-Date=20260101T001500Z&X-Amz-Expires=60&X-Amz-SignedHeaders=hos"
                         "t&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2Ftoken%2Bwith%3Dodd%2Fcharacters%3D%3D&X"
                         "-Amz-Signature=6c70ece4b2c8d09679f254653feae335b6a4d82cbc1893fb8cafe95874026bb8"),
            .headers = headers_7,
            .header_count = 1,
        },
    },
    {
        .name = "botocore, s3",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("PUT"),
            .path = TEXT("/bucket/a%20b//c/../d.txt"),
            .body = TEXT("hello"),
            .headers = headers_8,
            .header_count = 4,
        },
    },
    {
        .name = "botocore, s3 presigned",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/bucket/a%20b//c"),
            .query = TEXT("response-content-type=text%2Fplain&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK"
                         "IDEXAMPLE%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T001500Z&X-Amz-"
                         "Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=fb18c28f1a32f8d2f1da1d2ccc1c39103"
                         "1aa8c66b5113ab34d6791d04f21944e"),
            .headers = headers_9,
            .header_count = 1,
        },
    },
    {
        .name = "HTTP/2, :authority signed",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{}"),
            .headers = headers_10,
            .header_count = 6,
        },
    },
    {
        .name = "separators without spaces",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{\"a\":\"b\"}"),
            .headers = headers_11,
            .header_count = 3,
        },
    },
    {
        .name = "separators without commas",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{\"a\":\"b\"}"),
            .headers = headers_12,
            .header_count = 3,
        },
    },
    {
        .name = "unsigned payload, header added later",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/createStream"),
            .body = TEXT("{\"a\":\"b\"}"),
            .headers = headers_13,
            .header_count = 4,
        },
    },
    {
        .name = "Date instead of X-Amz-Date",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{\"a\":\"b\"}"),
            .headers = headers_14,
            .header_count = 3,
        },
    },
    {
        .name = "PutMedia of the C producer",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/putMedia"),
            .body_unread = true,
            .headers = headers_15,
            .header_count = 6,
        },
    },
    {
        .name = "PutMedia without header",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/putMedia"),
            .body_unread = true,
            .headers = headers_16,
            .header_count = 3,
        },
    },
    {
        .name = "HTTP/2, host signed",
        .now = "20260101T001500Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("{}"),
            .headers = headers_17,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-vanilla",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .headers = headers_18,
            .header_count = 3,
        },
    },
    {
        .name = "suite, post-vanilla",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .headers = headers_19,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-vanilla-query-order-key-case",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .query = TEXT("Param2=value2&Param1=value1"),
            .headers = headers_20,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-vanilla-empty-query-key",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .query = TEXT("Param1=value1"),
            .headers = headers_21,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-utf8",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/\341\210\264"),
            .headers = headers_22,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-header-key-duplicate",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .headers = headers_23,
            .header_count = 6,
        },
    },
    {
        .name = "suite, get-header-value-trim",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/"),
            .headers = headers_24,
            .header_count = 5,
        },
    },
    {
        .name = "suite, get-relative",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/example/.."),
            .headers = headers_25,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-slashes",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("//example//"),
            .headers = headers_26,
            .header_count = 3,
        },
    },
    {
        .name = "suite, get-space",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("GET"),
            .path = TEXT("/example space/"),
            .headers = headers_27,
            .header_count = 3,
        },
    },
    {
        .name = "suite, post-x-www-form-urlencoded",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .body = TEXT("Param1=value1"),
            .headers = headers_28,
            .header_count = 4,
        },
    },
    {
        .name = "suite, post-header-key-sort",
        .now = "20150830T123600Z",
        .request = {
            .method = TEXT("POST"),
            .path = TEXT("/"),
            .headers = headers_29,
            .header_count = 4,
        },
    },
};
