#!/bin/bash
# The AWS CLI, unmodified, called as people call it. Prints `ok  cli: <what>` or `FAIL cli: <what>: <why>` per check, then
# `N passed, N failed`. SubscribeToShard is absent from the CLI.
set -u
export AWS_PAGER="" AWS_MAX_ATTEMPTS=10 AWS_RETRY_MODE=standard AWS_DEFAULT_OUTPUT=json PYTHONWARNINGS=ignore
export AWS_DEFAULT_REGION="${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}"
tag=$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')
main=wire-cli-main-$tag reshard=wire-cli-reshard-$tag none=wire-cli-none-$tag
zero=shardId-000000000000
half=170141183460469231731687303715884105728 quarter=85070591730234615865843651857942052864
aggregated=84mawgoBYQoBYhoHCAAaA29uZRoHCAEaA3R3bxoGCAAaAsOkI8xOs0pCbsmO2MTkhsTSxQ==
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 binary=()
case $("${LEAT_AWS:-aws}" --version 2>&1) in # version 2 takes data for base64 unless told otherwise
aws-cli/2.*) binary=(--cli-binary-format raw-in-base64-out) ;;
esac

aws() { command "${LEAT_AWS:-aws}" "${binary[@]}" "$@"; }

k() { aws --endpoint-url "$LEAT_HTTP" kinesis "$@"; }

check() { # what, good?, why
    if [ "$2" = yes ]; then passed=$((passed + 1)); echo "ok  cli: $1"
    else failed=$((failed + 1)); echo "FAIL cli: $1: ${3:0:400}"; fi
}

equal() { # what, got, wanted
    if [ "$2" = "$3" ]; then check "$1" yes; else check "$1" no "'$2', not '$3'"; fi
}

refused() { # what, operation as the CLI names it, code, message, command...
    local what=$1 op=$2 code=$3 message=$4 text
    shift 4
    text=$(AWS_MAX_ATTEMPTS=1 k "$@" 2>&1) && { check "$what" no "it was accepted"; return; }
    case $text in
    *"An error occurred ($code) when calling the $op operation"*": $message"*) check "$what" yes ;;
    *) check "$what" no "$text" ;;
    esac
}

active() { # stream: waits until it is ACTIVE and leaves its summary in $work/summary
    local i
    for i in $(seq 40); do
        k describe-stream-summary --stream-name "$1" --query StreamDescriptionSummary >"$work/summary" || return 1
        grep -q '"StreamStatus": "ACTIVE"' "$work/summary" && return 0
        sleep 0.1
    done
    return 1
}

of() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$work/summary"; }

create() {
    k create-stream --stream-name "$main" --shard-count 2
    k create-stream --stream-name "$reshard" --shard-count 2
    k wait stream-exists --stream-name "$main" && check "the waiter sees the stream" yes
    active "$reshard" && active "$main" || { check "create" no "the stream never became ACTIVE"; return 1; }
    equal "a new stream has two open shards" "$(of OpenShardCount)" 2
    arn=$(of StreamARN)
    account=$(echo "$arn" | cut -d: -f5)
}

one() { # data, partition key, hash key: puts one record and notes its number
    k put-record --stream-name "$main" --data "$1" --partition-key "$2" --explicit-hash-key "$3" \
        --query '[ShardId,SequenceNumber]' --output text >"$work/put"
    numbers+=("$(cut -f2 "$work/put")")
}

put() { # binary data goes through fileb://, which versions 1 and 2 read alike
    numbers=()
    one single first 0
    equal "a single record lands in the shard of its hash key" "$(cut -f1 "$work/put")" "$zero"
    echo $aggregated | base64 -d >"$work/aggregated"
    one "fileb://$work/aggregated" a 3
    k put-records --stream-name "$main" --records Data=hash,PartitionKey=x,ExplicitHashKey=0 \
        Data=,PartitionKey=empty,ExplicitHashKey=1 "Data=näive,PartitionKey=clé-ключ-鍵,ExplicitHashKey=2" \
        Data=other,PartitionKey=x,ExplicitHashKey=$half --output text \
        --query '[FailedRecordCount,Records[].ShardId,Records[].SequenceNumber]' >"$work/put"
    equal "a batch is taken" "$(sed -n 1p "$work/put")" 0
    equal "a batch is answered in order" "$(sed -n 2p "$work/put" | tr '\t' ' ' | sed 's/shardId-00000000000//g')" "0 0 0 1"
    numbers+=($(sed -n 3p "$work/put" | cut -f1-3))
    head -c 1048573 /dev/urandom >"$work/big"
    k put-record --stream-name "$main" --data "fileb://$work/big" --partition-key big --explicit-hash-key $half >"$work/put"
    equal "1 MiB is taken" "$(grep -c shardId-000000000001 "$work/put")" 1
}

numbers_of() { # shard, wanted, iterator arguments...: the sequence numbers read from there, on one line
    local shard=$1 wanted=$2 it got="" i page
    shift 2
    it=$(k get-shard-iterator --stream-name "$main" --shard-id "$shard" "$@" --query ShardIterator --output text) || return 1
    for i in $(seq 10); do
        k get-records --shard-iterator "$it" >"$work/page" || return 1
        page=$(sed -n 's/^ *"SequenceNumber": "\([0-9]*\)".*/\1/p' "$work/page" | tr '\n' ' ')
        got+=$page
        [ "$(echo "$got" | wc -w)" -ge "$wanted" ] && break
        it=$(sed -n 's/^ *"NextShardIterator": "\([^"]*\)".*/\1/p' "$work/page")
        sleep 0.1
    done
    echo "${got% }"
}

poll() {
    local n=${#numbers[@]} time latest late
    equal "TRIM_HORIZON reads everything" "$(numbers_of $zero "$n" --shard-iterator-type TRIM_HORIZON)" "${numbers[*]}"
    equal "the aggregated record is unchanged" "$(grep -c "\"Data\": \"$aggregated\"" "$work/page")" 1
    latest=$(k get-shard-iterator --stream-name "$main" --shard-id $zero --shard-iterator-type AT_SEQUENCE_NUMBER \
        --starting-sequence-number "${numbers[4]}" --query ShardIterator --output text)
    equal "a partition key beyond ASCII is unchanged" "$(k get-records --shard-iterator "$latest" --limit 1 \
        --query 'Records[0].[PartitionKey,Data]' --output text)" "clé-ключ-鍵	bsOkaXZl"
    time=$(sed -n 's/^ *"ApproximateArrivalTimestamp": "\{0,1\}\([^",]*\)"\{0,1\},$/\1/p' "$work/page" | head -1)
    equal "AT_SEQUENCE_NUMBER begins there" "${numbers[*]:2}" "$(numbers_of $zero $((n - 2)) \
        --shard-iterator-type AT_SEQUENCE_NUMBER --starting-sequence-number "${numbers[2]}")"
    equal "AFTER_SEQUENCE_NUMBER begins behind" "${numbers[*]:3}" "$(numbers_of $zero $((n - 3)) \
        --shard-iterator-type AFTER_SEQUENCE_NUMBER --starting-sequence-number "${numbers[2]}")"
    equal "AT_TIMESTAMP of the first record reads everything" "${numbers[*]}" "$(numbers_of $zero "$n" \
        --shard-iterator-type AT_TIMESTAMP --timestamp "$time")"
    latest=$(k get-shard-iterator --stream-name "$main" --shard-id $zero --shard-iterator-type LATEST --query ShardIterator \
        --output text)
    late=$(k put-record --stream-name "$main" --partition-key late --data late --explicit-hash-key 7 --query SequenceNumber \
        --output text)
    equal "LATEST begins with the next record" \
        "$(k get-records --shard-iterator "$latest" --query 'Records[].SequenceNumber' --output text)" "$late"
    latest=$(k get-shard-iterator --stream-name "$main" --shard-id shardId-000000000001 --shard-iterator-type TRIM_HORIZON \
        --query ShardIterator --output text)
    k get-records --shard-iterator "$latest" --query 'Records[1].Data' --output text | base64 -d >"$work/got" 2>/dev/null
    cmp -s "$work/got" "$work/big" && check "1 MiB comes back unchanged" yes || check "1 MiB comes back unchanged" no differs
}

consumers() {
    local consumer status
    consumer=$(k register-stream-consumer --stream-arn "$arn" --consumer-name wire --query Consumer.ConsumerARN --output text)
    for _ in $(seq 20); do
        status=$(k describe-stream-consumer --consumer-arn "$consumer" --query ConsumerDescription.ConsumerStatus --output text)
        [ "$status" = ACTIVE ] && break
    done
    equal "a consumer becomes ACTIVE" "$status" ACTIVE
    equal "a consumer is listed" "$(k list-stream-consumers --stream-arn "$arn" --query 'Consumers[].ConsumerARN' \
        --output text)" "$consumer"
    refused "a stream with consumers is not deleted" DeleteStream ResourceInUseException \
        "DeleteStream can't delete $arn because there are consumers associated with this data stream." \
        delete-stream --stream-name "$main"
    k deregister-stream-consumer --consumer-arn "$consumer"
}

# One writer in the background puts numbered records, as fast as the CLI starts.
reshard() {
    local written closed
    (
        n=0
        while [ ! -e "$work/stop" ]; do
            k put-record --stream-name "$reshard" --partition-key "key-$((n % 4))" --data "key-$((n % 4)):$((n / 4))" \
                --query ShardId --output text >>"$work/writer.log" 2>>"$work/writer.err" && n=$((n + 1))
        done
        echo $n >"$work/written"
    ) &
    k split-shard --stream-name "$reshard" --shard-to-split $zero --new-starting-hash-key $quarter
    active "$reshard"
    k merge-shards --stream-name "$reshard" --shard-to-merge shardId-000000000003 --adjacent-shard-to-merge shardId-000000000001
    active "$reshard"
    equal "update-shard-count tells both counts" "$(k update-shard-count --stream-name "$reshard" --target-shard-count 4 \
        --scaling-type UNIFORM_SCALING --query '[CurrentShardCount,TargetShardCount]' --output text)" "2	4"
    active "$reshard"
    equal "update-shard-count opens four shards" "$(of OpenShardCount)" 4
    touch "$work/stop"
    wait
    written=$(cat "$work/written")
    equal "the writer was never refused" "$(cat "$work/writer.err")" ""
    # no shard has a child before itself in this order, so parents are read before children
    for shard in $(k list-shards --stream-name "$reshard" --query 'Shards[].ShardId' --output text); do
        drain "$shard"
    done >"$work/read"
    equal "nothing lost or doubled" "$(sort "$work/read" | uniq | wc -l) $(wc -l <"$work/read")" "$written $written"
    closed=$(for key in 0 1 2 3; do grep "^key-$key:" "$work/read" | cut -d: -f2 | sort -nc 2>&1; done)
    equal "the order of each key is kept" "$closed" ""
    equal "AT_LATEST lists the open shards" "$(k list-shards --stream-name "$reshard" --shard-filter Type=AT_LATEST \
        --query 'length(Shards)')" 4
}

drain() { # shard of the resharded stream: its records' texts, to the end or to the tip
    local it page i
    it=$(k get-shard-iterator --stream-name "$reshard" --shard-id "$1" --shard-iterator-type TRIM_HORIZON --query ShardIterator \
        --output text)
    for i in $(seq 6); do
        k get-records --shard-iterator "$it" >"$work/page"
        page=$(sed -n 's/^ *"Data": "\([^"]*\)".*/\1/p' "$work/page")
        for data in $page; do echo "$data" | base64 -d; echo; done
        it=$(sed -n 's/^ *"NextShardIterator": "\([^"]*\)".*/\1/p' "$work/page")
        [ -z "$it" ] && return
        [ -z "$page" ] && grep -q '"MillisBehindLatest": 0' "$work/page" && return
    done
}

errors() {
    refused "an unknown stream is told" DescribeStreamSummary ResourceNotFoundException \
        "Stream $none under account $account not found." describe-stream-summary --stream-name "$none"
    refused "a bad iterator is told" GetRecords InvalidArgumentException "Invalid ShardIterator." \
        get-records --shard-iterator AAAA
    refused "a name that is taken is told" CreateStream ResourceInUseException \
        "Stream $main under account $account already exists." create-stream --stream-name "$main" --shard-count 1
    refused "a violation is told" DescribeStreamSummary ValidationException \
        "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular" \
        describe-stream-summary --stream-name "a b"
}

settings() {
    local key=(--encryption-type KMS --key-id alias/aws/kinesis)
    k add-tags-to-stream --stream-name "$main" --tags a=1,b=zwei,c=3
    equal "a page of tags" "$(k list-tags-for-stream --stream-name "$main" --limit 2 --query '[HasMoreTags,Tags[].Key]' \
        --output text | tr '\t\n' '  ')" "True a b "
    k remove-tags-from-stream --stream-name "$main" --tag-keys a c
    equal "tags are removed" "$(k list-tags-for-stream --stream-name "$main" --query 'Tags[].Value' --output text)" zwei
    k increase-stream-retention-period --stream-name "$main" --retention-period-hours 48
    active "$main"
    equal "retention is raised" "$(of RetentionPeriodHours)" 48
    k decrease-stream-retention-period --stream-name "$main" --retention-period-hours 24
    active "$main"
    equal "retention is lowered" "$(of RetentionPeriodHours)" 24
    k start-stream-encryption --stream-name "$main" "${key[@]}"
    active "$main"
    equal "encryption is on" "$(of EncryptionType)" KMS
    k stop-stream-encryption --stream-name "$main" "${key[@]}"
    active "$main"
    equal "encryption is off" "$(of EncryptionType)" NONE
}

paging() {
    equal "DescribeStream by pages of one" "$(k describe-stream --stream-name "$main" --page-size 1 \
        --query 'StreamDescription.Shards[].ShardId' --output text | xargs)" "$zero shardId-000000000001"
    refused "the CLI's own pages of ListShards repeat the stream, which the service refuses" ListShards \
        InvalidArgumentException "NextToken and StreamName cannot be provided together." \
        list-shards --stream-name "$main" --page-size 1
    k list-shards --stream-name "$main" --max-results 1 --no-paginate --query '[NextToken,Shards[].ShardId]' \
        --output text >"$work/page"
    equal "ListShards by pages of one: the first" "$(sed -n 2p "$work/page")" "$zero"
    equal "ListShards by pages of one: the last" "$(k list-shards --next-token "$(sed -n 1p "$work/page")" --no-paginate \
        --query '[NextToken,Shards[].ShardId]' --output text | xargs)" "None shardId-000000000001"
    equal "ListStreams by pages of one, in order" "$(timeout 20 "${LEAT_AWS:-aws}" --endpoint-url "$LEAT_HTTP" kinesis \
        list-streams --page-size 1 --query "StreamNames[?ends_with(@, '$tag')]" --output text | tr '\n\t' '  ' | xargs)" \
        "$main $reshard"
}

tls() {
    equal "the same over TLS" "$(aws --endpoint-url "$LEAT_HTTPS" --ca-bundle "$LEAT_CA" kinesis \
        describe-stream-summary --stream-name "$main" --query StreamDescriptionSummary.StreamName --output text)" "$main"
}

remove() {
    for stream in "$main" "$reshard"; do
        k delete-stream --stream-name "$stream" --enforce-consumer-deletion
        k wait stream-not-exists --stream-name "$stream" && check "$(echo "$stream" | cut -d- -f3) stream is gone" yes \
            || check "$stream is gone" no "it is still there"
    done
}

if create; then
    put; poll; consumers; reshard; errors; settings; paging
    [ -n "${LEAT_HTTPS:-}" ] && tls
    remove
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
