// Amazon Kinesis Data Streams, API version 2013-12-02, as botocore 1.44.5 publishes it.
//
// Written from the published API models and from recordings of the service; README.md tells the language.
// Members stand in the order of the published model. Constraints are enforced on requests only.

$version: "2.0"

metadata prefix = "kinesis_"
metadata operationPrefix = ""
metadata constantPrefix = ""

namespace leat.kinesis

/// Streams of records in shards.
@targetPrefix("Kinesis_20131202")
@signingName("kinesis")
service Kinesis {
    version: "2013-12-02"
    operations: [
        AcknowledgeDeadLetterQueueRecords
        AcknowledgeQueueRecords
        AddTagsToStream
        CreateChannel
        CreateQueue
        CreateStream
        DecreaseStreamRetentionPeriod
        DeleteChannel
        DeleteQueue
        DeleteResourcePolicy
        DeleteStream
        DeregisterStreamConsumer
        DescribeAccountSettings
        DescribeChannel
        DescribeLimits
        DescribeQueue
        DescribeStream
        DescribeStreamConsumer
        DescribeStreamSummary
        DisableEnhancedMonitoring
        EnableEnhancedMonitoring
        GetRecords
        GetResourcePolicy
        GetShardIterator
        IncreaseStreamRetentionPeriod
        ListChannels
        ListQueues
        ListShards
        ListStreamConsumers
        ListStreams
        ListTagsForResource
        ListTagsForStream
        MergeShards
        PutRecord
        PutRecords
        PutResourcePolicy
        ReceiveDeadLetterQueueRecords
        ReceiveQueueRecords
        RegisterStreamConsumer
        RemoveTagsFromStream
        RestoreDeadLetterQueueRecords
        SplitShard
        StartStreamEncryption
        StopStreamEncryption
        SubscribeToShard
        TagResource
        UntagResource
        UpdateAccountSettings
        UpdateChannel
        UpdateDeadLetterQueueRecordsVisibility
        UpdateMaxRecordSize
        UpdateQueue
        UpdateQueueRecordsVisibility
        UpdateShardCount
        UpdateStreamMode
        UpdateStreamRecordDistributionStrategy
        UpdateStreamWarmThroughput
    ]
    errors: [
        InternalFailureException
        ValidationException
        AccessDeniedException
        ExpiredTokenException
        IncompleteSignatureException
        InvalidSignatureException
        MissingAuthenticationTokenException
        SerializationException
        ServiceUnavailable
        UnknownOperationException
        UnrecognizedClientException
    ]
}

/// Puts dead letters away for good; each entry may fail alone.
@plane("data")
@resource(arn: QueueARN)
operation AcknowledgeDeadLetterQueueRecords {
    input: AcknowledgeDeadLetterQueueRecordsInput
    output: AcknowledgeDeadLetterQueueRecordsOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             ResourceNotFoundException, ThrottlingException]
}

structure AcknowledgeDeadLetterQueueRecordsInput {
    @required QueueARN: QueueARN
    @required Entries: AcknowledgeDeadLetterQueueRecordsRequestEntryList
}

structure AcknowledgeDeadLetterQueueRecordsOutput {
    @required Successful: QueueResultEntryList
    @required Failed: QueueErrorEntryList
}

/// Tells a queue which records are dealt with; each entry may fail alone.
@plane("data")
@resource(arn: QueueARN)
operation AcknowledgeQueueRecords {
    input: AcknowledgeQueueRecordsInput
    output: AcknowledgeQueueRecordsOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             ResourceNotFoundException, ThrottlingException]
}

structure AcknowledgeQueueRecordsInput {
    @required QueueARN: QueueARN
    @required Entries: AcknowledgeQueueRecordsRequestEntryList
}

structure AcknowledgeQueueRecordsOutput {
    @required Successful: QueueResultEntryList
    @required Failed: QueueErrorEntryList
}

/// Merges tags into those of a stream; a key that is there already gets the new value.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation AddTagsToStream {
    input: AddTagsToStreamInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

@errorOrder([Tags, StreamName])
structure AddTagsToStreamInput {
    StreamName: StreamName
    @required Tags: TagMap
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Starts the built-in delivery of an on-demand stream to objects or to a table.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation CreateChannel {
    input: CreateChannelInput
    output: CreateChannelOutput
    errors: [AccessDeniedException, InvalidArgumentException, KMSAccessDeniedException, KMSDisabledException,
             KMSInvalidStateException, KMSNotFoundException, KMSOptInRequired, KMSThrottlingException,
             LimitExceededException, ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure CreateChannelInput {
    @required ChannelName: ChannelName
    @required ServiceExecutionRoleARN: RoleARN
    @required StreamConfigurationList: ChannelStreamConfigurationList
    S3DestinationConfiguration: S3DestinationConfiguration
    S3TablesDestinationConfiguration: S3TablesDestinationConfiguration
    EncryptionConfiguration: ChannelEncryptionConfiguration
    Tags: TagMap
    LoggingConfiguration: ChannelLoggingConfiguration
}

structure CreateChannelOutput {
    @required ChannelDescription: ChannelDescription
}

/// Puts a queue before an on-demand stream: its records one by one, until each is acknowledged.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation CreateQueue {
    input: CreateQueueInput
    output: CreateQueueOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure CreateQueueInput {
    @required QueueName: QueueName
    @required StreamConfigurationList: QueueStreamConfigurationList
    QueueAttributes: QueueAttributes
    Tags: TagMap
}

structure CreateQueueOutput {
    @required QueueDescription: QueueDescription
}

/// Creates a stream; it answers at once and the stream becomes ACTIVE later.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(name: StreamName)
operation CreateStream {
    input: CreateStreamInput
    errors: [InvalidArgumentException, LimitExceededException, ResourceInUseException, ValidationException]
}

@errorOrder([ShardCount, StreamName])
structure CreateStreamInput {
    @required StreamName: StreamName
    ShardCount: PositiveIntegerObject
    StreamModeDetails: StreamModeDetails
    Tags: TagMap
    WarmThroughputMiBps: NaturalIntegerObject
    MaxRecordSizeInKiB: MaxRecordSizeInKiB
    RecordDistributionStrategy: RecordDistributionStrategy
}

/// Shortens how long records stay readable, down to 24 hours.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation DecreaseStreamRetentionPeriod {
    input: DecreaseStreamRetentionPeriodInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

@errorOrder([RetentionPeriodHours, StreamName])
structure DecreaseStreamRetentionPeriodInput {
    StreamName: StreamName
    @required RetentionPeriodHours: RetentionPeriodHours
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Stops a channel and forgets it; what it has delivered stays.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: ChannelARN)
operation DeleteChannel {
    input: DeleteChannelInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException, ValidationException]
}

structure DeleteChannelInput {
    @required ChannelARN: ChannelARN
}

/// Forgets a queue with its receipts; the records stay in the stream.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: QueueARN)
operation DeleteQueue {
    input: DeleteQueueInput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException, ValidationException]
}

structure DeleteQueueInput {
    @required QueueARN: QueueARN
}

/// Takes the policy off a stream or a consumer.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: ResourceARN)
operation DeleteResourcePolicy {
    input: DeleteResourcePolicyInput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure DeleteResourcePolicyInput {
    @required ResourceARN: ResourceARN
    StreamId: StreamId
}

/// Deletes a stream with all of its shards, records and tags.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation DeleteStream {
    input: DeleteStreamInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

structure DeleteStreamInput {
    StreamName: StreamName
    EnforceConsumerDeletion: Boolean
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Removes an enhanced fan-out consumer and ends its subscriptions.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: [ConsumerARN, StreamARN])
operation DeregisterStreamConsumer {
    input: DeregisterStreamConsumerInput
    errors: [InvalidArgumentException, LimitExceededException, ResourceNotFoundException]
}

structure DeregisterStreamConsumerInput {
    StreamARN: StreamARN
    ConsumerName: ConsumerName
    ConsumerARN: ConsumerARN
    StreamId: StreamId
}

/// Tells the billing commitment of the account.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation DescribeAccountSettings {
    input: DescribeAccountSettingsInput
    output: DescribeAccountSettingsOutput
    errors: [LimitExceededException]
}

structure DescribeAccountSettingsInput {}

structure DescribeAccountSettingsOutput {
    MinimumThroughputBillingCommitment: MinimumThroughputBillingCommitmentOutput
}

/// Tells everything about one channel.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: ChannelARN)
operation DescribeChannel {
    input: DescribeChannelInput
    output: DescribeChannelOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException, ValidationException]
}

structure DescribeChannelInput {
    @required ChannelARN: ChannelARN
}

structure DescribeChannelOutput {
    @required ChannelDescription: ChannelDescription
}

/// Tells the account's quotas of shards, streams and channels, and how much of them is in use.
@plane("control")
@rate(perSecond: 1, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation DescribeLimits {
    input: DescribeLimitsInput
    output: DescribeLimitsOutput
    errors: [LimitExceededException]
}

structure DescribeLimitsInput {}

structure DescribeLimitsOutput {
    @required ShardLimit: ShardCountObject
    @required OpenShardCount: ShardCountObject
    @required OnDemandStreamCount: OnDemandStreamCountObject
    @required OnDemandStreamCountLimit: OnDemandStreamCountLimitObject
    ChannelCount: ChannelCountObject
    ChannelCountLimit: ChannelCountObject
}

/// Tells everything about one queue.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: QueueARN)
operation DescribeQueue {
    input: DescribeQueueInput
    output: DescribeQueueOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException, ValidationException]
}

structure DescribeQueueInput {
    @required QueueARN: QueueARN
}

structure DescribeQueueOutput {
    @required QueueDescription: QueueDescription
}

/// Tells everything about one stream, with a page of its shards.
@plane("control")
@rate(perSecond: 10, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation DescribeStream {
    input: DescribeStreamInput
    output: DescribeStreamOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException]
}

@errorOrder([Limit, ExclusiveStartShardId, StreamName])
structure DescribeStreamInput {
    StreamName: StreamName
    Limit: DescribeStreamInputLimit
    ExclusiveStartShardId: ShardId
    StreamARN: StreamARN
    StreamId: StreamId
}

structure DescribeStreamOutput {
    @required StreamDescription: StreamDescription
}

/// Tells one consumer, found by its ARN or by stream and name.
@plane("control")
@rate(perSecond: 20, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: [ConsumerARN, StreamARN])
operation DescribeStreamConsumer {
    input: DescribeStreamConsumerInput
    output: DescribeStreamConsumerOutput
    errors: [InvalidArgumentException, LimitExceededException, ResourceNotFoundException]
}

structure DescribeStreamConsumerInput {
    StreamARN: StreamARN
    ConsumerName: ConsumerName
    ConsumerARN: ConsumerARN
    StreamId: StreamId
}

structure DescribeStreamConsumerOutput {
    @required ConsumerDescription: ConsumerDescription
}

/// Tells everything about one stream but its shards.
@plane("control")
@rate(perSecond: 20, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation DescribeStreamSummary {
    input: DescribeStreamSummaryInput
    output: DescribeStreamSummaryOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException]
}

structure DescribeStreamSummaryInput {
    StreamName: StreamName
    StreamARN: StreamARN
    StreamId: StreamId
}

structure DescribeStreamSummaryOutput {
    @required StreamDescriptionSummary: StreamDescriptionSummary
}

/// Switches metrics per shard off.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation DisableEnhancedMonitoring {
    input: DisableEnhancedMonitoringInput
    output: EnhancedMonitoringOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

structure DisableEnhancedMonitoringInput {
    StreamName: StreamName
    @required ShardLevelMetrics: MetricsNameList
    StreamARN: StreamARN
    StreamId: StreamId
}

structure EnhancedMonitoringOutput {
    StreamName: StreamName
    CurrentShardLevelMetrics: MetricsNameList
    DesiredShardLevelMetrics: MetricsNameList
    StreamARN: StreamARN
}

/// Switches metrics per shard on.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation EnableEnhancedMonitoring {
    input: EnableEnhancedMonitoringInput
    output: EnhancedMonitoringOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

structure EnableEnhancedMonitoringInput {
    StreamName: StreamName
    @required ShardLevelMetrics: MetricsNameList
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Reads the records behind a shard iterator.
@plane("data")
@rate(perSecond: 5, scope: "shard", err: "THROTTLED")
@resource(token: ShardIterator)
operation GetRecords {
    input: GetRecordsInput
    output: GetRecordsOutput
    errors: [AccessDeniedException, ExpiredIteratorException, InternalFailureException,
             InvalidArgumentException, KMSAccessDeniedException, KMSDisabledException,
             KMSInvalidStateException, KMSNotFoundException, KMSOptInRequired, KMSThrottlingException,
             ProvisionedThroughputExceededException, ResourceNotFoundException, DryRunOperationException]
}

@errorOrder([Limit, ShardIterator])
structure GetRecordsInput {
    @required ShardIterator: ShardIterator
    Limit: GetRecordsInputLimit
    StreamARN: StreamARN
    StreamId: StreamId
    DryRun: Boolean
}

structure GetRecordsOutput {
    @required Records: RecordList
    NextShardIterator: ShardIterator
    MillisBehindLatest: MillisBehindLatest
    ChildShards: ChildShardList
}

/// Reads the policy of a stream or a consumer; {} if it has none.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: ResourceARN)
operation GetResourcePolicy {
    input: GetResourcePolicyInput
    output: GetResourcePolicyOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure GetResourcePolicyInput {
    @required ResourceARN: ResourceARN
    StreamId: StreamId
}

structure GetResourcePolicyOutput {
    @required Policy: Policy
}

/// Makes a bookmark at a position of a shard.
@plane("data")
@rate(perSecond: 5, scope: "shard", err: "THROTTLED")
@resource(arn: StreamARN, name: StreamName)
operation GetShardIterator {
    input: GetShardIteratorInput
    output: GetShardIteratorOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             ProvisionedThroughputExceededException, ResourceNotFoundException, DryRunOperationException]
}

@errorOrder([ShardId, ShardIteratorType, StartingSequenceNumber, StreamName])
structure GetShardIteratorInput {
    StreamName: StreamName
    @required ShardId: ShardId
    @required ShardIteratorType: ShardIteratorType
    StartingSequenceNumber: SequenceNumber
    Timestamp: Timestamp
    StreamARN: StreamARN
    StreamId: StreamId
    DryRun: Boolean
}

structure GetShardIteratorOutput {
    ShardIterator: ShardIterator
}

/// Lengthens how long records stay readable, up to 8760 hours; what has expired stays away.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation IncreaseStreamRetentionPeriod {
    input: IncreaseStreamRetentionPeriodInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

@errorOrder([RetentionPeriodHours, StreamName])
structure IncreaseStreamRetentionPeriodInput {
    StreamName: StreamName
    @required RetentionPeriodHours: RetentionPeriodHours
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Pages through the channels of the account, or of some streams.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation ListChannels {
    input: ListChannelsInput
    output: ListChannelsOutput
    errors: [AccessDeniedException, ExpiredNextTokenException, InvalidArgumentException,
             LimitExceededException, ValidationException]
}

structure ListChannelsInput {
    StreamFilter: StreamFilterList
    MaxResults: ListChannelsInputLimit
    NextToken: NextToken
}

structure ListChannelsOutput {
    @required ChannelSummaries: ChannelSummaryList
    NextToken: NextToken
}

/// Pages through the queues of the account, or of some streams.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation ListQueues {
    input: ListQueuesInput
    output: ListQueuesOutput
    errors: [AccessDeniedException, ExpiredNextTokenException, InternalFailureException, InvalidArgumentException,
             LimitExceededException, ValidationException]
}

structure ListQueuesInput {
    MaxResults: ListQueuesInputLimit
    NextToken: NextToken
    StreamFilter: QueueStreamFilterList
}

structure ListQueuesOutput {
    @required QueueSummaries: QueueSummaryList
    NextToken: NextToken
}

/// Pages through the shards of a stream that a filter lets pass.
@plane("control")
@rate(perSecond: 1000, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName, token: NextToken)
operation ListShards {
    input: ListShardsInput
    output: ListShardsOutput
    errors: [AccessDeniedException, ExpiredNextTokenException, InvalidArgumentException,
             LimitExceededException, ResourceInUseException, ResourceNotFoundException]
}

structure ListShardsInput {
    StreamName: StreamName
    NextToken: NextToken
    ExclusiveStartShardId: ShardId
    MaxResults: ListShardsInputLimit
    StreamCreationTimestamp: Timestamp
    ShardFilter: ShardFilter
    StreamARN: StreamARN
    StreamId: StreamId
}

structure ListShardsOutput {
    Shards: ShardList
    NextToken: NextToken
}

/// Pages through the consumers of a stream.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN)
operation ListStreamConsumers {
    input: ListStreamConsumersInput
    output: ListStreamConsumersOutput
    errors: [ExpiredNextTokenException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException]
}

structure ListStreamConsumersInput {
    @required StreamARN: StreamARN
    NextToken: NextToken
    MaxResults: ListStreamConsumersInputLimit
    StreamCreationTimestamp: Timestamp
    StreamId: StreamId
}

structure ListStreamConsumersOutput {
    Consumers: ConsumerList
    NextToken: NextToken
}

/// Pages through the streams of the account in the order of their names.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation ListStreams {
    input: ListStreamsInput
    output: ListStreamsOutput
    errors: [ExpiredNextTokenException, InvalidArgumentException, LimitExceededException]
}

@errorOrder([Limit, ExclusiveStartStreamName])
structure ListStreamsInput {
    Limit: ListStreamsInputLimit
    ExclusiveStartStreamName: StreamName
    NextToken: NextToken
}

structure ListStreamsOutput {
    @required StreamNames: StreamNameList
    @required HasMoreStreams: Boolean
    NextToken: NextToken
    StreamSummaries: StreamSummaryList
}

/// Tells all tags of whatever the ARN names.
@plane("control")
@resource(arn: ResourceARN)
operation ListTagsForResource {
    input: ListTagsForResourceInput
    output: ListTagsForResourceOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure ListTagsForResourceInput {
    @required ResourceARN: ResourceARN
    StreamId: StreamId
}

structure ListTagsForResourceOutput {
    Tags: TagList
}

/// Pages through the tags of a stream in the order of their keys.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation ListTagsForStream {
    input: ListTagsForStreamInput
    output: ListTagsForStreamOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException,
             ResourceNotFoundException]
}

@errorOrder([Limit, ExclusiveStartTagKey, StreamName])
structure ListTagsForStreamInput {
    StreamName: StreamName
    ExclusiveStartTagKey: TagKey
    Limit: ListTagsForStreamInputLimit
    StreamARN: StreamARN
    StreamId: StreamId
}

structure ListTagsForStreamOutput {
    @required Tags: TagList
    @required HasMoreTags: Boolean
}

/// Folds two neighbouring open shards into one child.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation MergeShards {
    input: MergeShardsInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

@errorOrder([ShardToMerge, AdjacentShardToMerge, StreamName])
structure MergeShardsInput {
    StreamName: StreamName
    @required ShardToMerge: ShardId
    @required AdjacentShardToMerge: ShardId
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Writes one record.
@plane("data")
@rate(perSecond: 1000, scope: "shard", err: "THROTTLED")
@resource(arn: StreamARN, name: StreamName)
operation PutRecord {
    input: PutRecordInput
    output: PutRecordOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             KMSAccessDeniedException, KMSDisabledException, KMSInvalidStateException, KMSNotFoundException,
             KMSOptInRequired, KMSThrottlingException, ProvisionedThroughputExceededException,
             ResourceNotFoundException, DryRunOperationException]
}

@errorOrder([SequenceNumberForOrdering, PartitionKey, ExplicitHashKey, Data, StreamName])
structure PutRecordInput {
    StreamName: StreamName
    @required Data: Data
    PartitionKey: PartitionKey
    ExplicitHashKey: HashKey
    SequenceNumberForOrdering: SequenceNumber
    StreamARN: StreamARN
    StreamId: StreamId
    DryRun: Boolean
}

structure PutRecordOutput {
    @required ShardId: ShardId
    @required SequenceNumber: SequenceNumber
    EncryptionType: EncryptionType
}

/// Writes up to 500 records, each of which may fail alone.
@plane("data")
@resource(arn: StreamARN, name: StreamName)
operation PutRecords {
    input: PutRecordsInput
    output: PutRecordsOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             KMSAccessDeniedException, KMSDisabledException, KMSInvalidStateException, KMSNotFoundException,
             KMSOptInRequired, KMSThrottlingException, ProvisionedThroughputExceededException,
             ResourceNotFoundException, DryRunOperationException]
}

@errorOrder([Records, StreamName])
structure PutRecordsInput {
    @required Records: PutRecordsRequestEntryList
    StreamName: StreamName
    StreamARN: StreamARN
    StreamId: StreamId
    DryRun: Boolean
}

structure PutRecordsOutput {
    FailedRecordCount: PositiveIntegerObject
    @required Records: PutRecordsResultEntryList
    EncryptionType: EncryptionType
}

/// Attaches a policy to a stream or a consumer, replacing the one before.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: ResourceARN)
operation PutResourcePolicy {
    input: PutResourcePolicyInput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure PutResourcePolicyInput {
    @required ResourceARN: ResourceARN
    StreamId: StreamId
    @required Policy: Policy
}

/// Takes records that were received too often, and hides them for a while.
@plane("data")
@resource(arn: QueueARN)
operation ReceiveDeadLetterQueueRecords {
    input: ReceiveDeadLetterQueueRecordsInput
    output: ReceiveDeadLetterQueueRecordsOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             KMSAccessDeniedException, KMSDisabledException, KMSInvalidStateException, KMSNotFoundException,
             KMSOptInRequired, KMSThrottlingException, ResourceNotFoundException, ThrottlingException]
}

structure ReceiveDeadLetterQueueRecordsInput {
    @required QueueARN: QueueARN
    Limit: ReceiveQueueRecordsInputLimit
    WaitTimeSeconds: ReceiveQueueRecordsWaitTimeSeconds
    VisibilityTimeoutSeconds: VisibilityTimeoutSeconds
}

structure ReceiveDeadLetterQueueRecordsOutput {
    @required QueueRecords: QueueRecordList
}

/// Takes up to ten records, and hides them from other receivers for a while.
@plane("data")
@resource(arn: QueueARN)
operation ReceiveQueueRecords {
    input: ReceiveQueueRecordsInput
    output: ReceiveQueueRecordsOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             KMSAccessDeniedException, KMSDisabledException, KMSInvalidStateException, KMSNotFoundException,
             KMSOptInRequired, KMSThrottlingException, ResourceNotFoundException, ThrottlingException]
}

structure ReceiveQueueRecordsInput {
    @required QueueARN: QueueARN
    Limit: ReceiveQueueRecordsInputLimit
    WaitTimeSeconds: ReceiveQueueRecordsWaitTimeSeconds
    VisibilityTimeoutSeconds: VisibilityTimeoutSeconds
}

structure ReceiveQueueRecordsOutput {
    @required QueueRecords: QueueRecordList
}

/// Registers an enhanced fan-out consumer of a stream.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN)
operation RegisterStreamConsumer {
    input: RegisterStreamConsumerInput
    output: RegisterStreamConsumerOutput
    errors: [InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

structure RegisterStreamConsumerInput {
    @required StreamARN: StreamARN
    @required ConsumerName: ConsumerName
    StreamId: StreamId
    Tags: TagMap
}

structure RegisterStreamConsumerOutput {
    @required Consumer: Consumer
}

/// Removes tags by their keys; a key that is not there is no error.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation RemoveTagsFromStream {
    input: RemoveTagsFromStreamInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

@errorOrder([TagKeys, StreamName])
structure RemoveTagsFromStreamInput {
    StreamName: StreamName
    @required TagKeys: TagKeyList
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Gives dead letters back to their queue as if never received; each entry may fail alone.
@plane("data")
@resource(arn: QueueARN)
operation RestoreDeadLetterQueueRecords {
    input: RestoreDeadLetterQueueRecordsInput
    output: RestoreDeadLetterQueueRecordsOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             ResourceNotFoundException, ThrottlingException]
}

structure RestoreDeadLetterQueueRecordsInput {
    @required QueueARN: QueueARN
    @required Entries: RestoreDeadLetterQueueRecordsRequestEntryList
}

structure RestoreDeadLetterQueueRecordsOutput {
    @required Successful: QueueResultEntryList
    @required Failed: QueueErrorEntryList
}

/// Cuts an open shard in two at a hash key.
@plane("control")
@rate(perSecond: 5, scope: "stream", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation SplitShard {
    input: SplitShardInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

@errorOrder([NewStartingHashKey, StreamName, ShardToSplit])
structure SplitShardInput {
    StreamName: StreamName
    @required ShardToSplit: ShardId
    @required NewStartingHashKey: HashKey
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Encrypts what is written from now on with a key.
@plane("control")
@resource(arn: StreamARN, name: StreamName)
operation StartStreamEncryption {
    input: StartStreamEncryptionInput
    errors: [AccessDeniedException, InvalidArgumentException, KMSAccessDeniedException, KMSDisabledException,
             KMSInvalidStateException, KMSNotFoundException, KMSOptInRequired, KMSThrottlingException,
             LimitExceededException, ResourceInUseException, ResourceNotFoundException]
}

structure StartStreamEncryptionInput {
    StreamName: StreamName
    @required EncryptionType: EncryptionType
    @required KeyId: KeyId
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Stops encrypting what is written from now on.
@plane("control")
@resource(arn: StreamARN, name: StreamName)
operation StopStreamEncryption {
    input: StopStreamEncryptionInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException]
}

structure StopStreamEncryptionInput {
    StreamName: StreamName
    @required EncryptionType: EncryptionType
    @required KeyId: KeyId
    StreamARN: StreamARN
    StreamId: StreamId
}

/// Pushes the records of a shard to a consumer for up to five minutes.
@plane("data")
@rate(perSecond: 1, scope: "consumerShard", err: "LIMIT_EXCEEDED")
@resource(arn: ConsumerARN)
operation SubscribeToShard {
    input: SubscribeToShardInput
    output: SubscribeToShardOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, DryRunOperationException]
}

structure SubscribeToShardInput {
    @required ConsumerARN: ConsumerARN
    StreamId: StreamId
    @required ShardId: ShardId
    @required StartingPosition: StartingPosition
    DryRun: Boolean
}

structure SubscribeToShardOutput {
    @required EventStream: SubscribeToShardEventStream
}

/// Merges tags into those of whatever the ARN names.
@plane("control")
@resource(arn: ResourceARN)
operation TagResource {
    input: TagResourceInput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure TagResourceInput {
    @required Tags: TagMap
    @required ResourceARN: ResourceARN
    StreamId: StreamId
}

/// Removes tags from whatever the ARN names.
@plane("control")
@resource(arn: ResourceARN)
operation UntagResource {
    input: UntagResourceInput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure UntagResourceInput {
    @required TagKeys: TagKeyList
    @required ResourceARN: ResourceARN
    StreamId: StreamId
}

/// Enters or leaves the billing commitment of the account.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(any: true)
operation UpdateAccountSettings {
    input: UpdateAccountSettingsInput
    output: UpdateAccountSettingsOutput
    errors: [InvalidArgumentException, LimitExceededException, ValidationException]
}

structure UpdateAccountSettingsInput {
    @required MinimumThroughputBillingCommitment: MinimumThroughputBillingCommitmentInput
}

structure UpdateAccountSettingsOutput {
    MinimumThroughputBillingCommitment: MinimumThroughputBillingCommitmentOutput
}

/// Changes how fresh a channel delivers, or where it logs.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: ChannelARN)
operation UpdateChannel {
    input: UpdateChannelInput
    output: UpdateChannelOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

structure UpdateChannelInput {
    @required ChannelARN: ChannelARN
    S3DestinationConfiguration: S3DestinationUpdateInput
    S3TablesDestinationConfiguration: S3TablesDestinationUpdateInput
    LoggingConfiguration: ChannelLoggingUpdateInput
}

structure UpdateChannelOutput {
    @required ChannelDescription: ChannelDescription
}

/// Changes how long received dead letters stay hidden; each entry may fail alone.
@plane("data")
@resource(arn: QueueARN)
operation UpdateDeadLetterQueueRecordsVisibility {
    input: UpdateDeadLetterQueueRecordsVisibilityInput
    output: UpdateDeadLetterQueueRecordsVisibilityOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             ResourceNotFoundException, ThrottlingException]
}

structure UpdateDeadLetterQueueRecordsVisibilityInput {
    @required QueueARN: QueueARN
    @required Entries: UpdateDeadLetterQueueRecordsVisibilityRequestEntryList
}

structure UpdateDeadLetterQueueRecordsVisibilityOutput {
    @required Successful: QueueResultEntryList
    @required Failed: QueueErrorEntryList
}

/// Sets the largest record that a stream takes.
@plane("control")
@resource(arn: StreamARN)
operation UpdateMaxRecordSize {
    input: UpdateMaxRecordSizeInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

structure UpdateMaxRecordSizeInput {
    @required StreamARN: StreamARN
    StreamId: StreamId
    @required MaxRecordSizeInKiB: MaxRecordSizeInKiB
}

/// Changes the attributes of a queue; those not given stay.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: QueueARN)
operation UpdateQueue {
    input: UpdateQueueInput
    output: UpdateQueueOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException, LimitExceededException,
             ResourceInUseException, ResourceNotFoundException, ValidationException]
}

structure UpdateQueueInput {
    @required QueueARN: QueueARN
    @required QueueAttributes: QueueAttributes
}

structure UpdateQueueOutput {
    @required QueueDescription: QueueDescription
}

/// Changes how long received records stay hidden; each entry may fail alone.
@plane("data")
@resource(arn: QueueARN)
operation UpdateQueueRecordsVisibility {
    input: UpdateQueueRecordsVisibilityInput
    output: UpdateQueueRecordsVisibilityOutput
    errors: [AccessDeniedException, InternalFailureException, InvalidArgumentException,
             ResourceNotFoundException, ThrottlingException]
}

structure UpdateQueueRecordsVisibilityInput {
    @required QueueARN: QueueARN
    @required Entries: UpdateQueueRecordsVisibilityRequestEntryList
}

structure UpdateQueueRecordsVisibilityOutput {
    @required Successful: QueueResultEntryList
    @required Failed: QueueErrorEntryList
}

/// Splits and merges until a stream has the wanted number of equal shards.
@plane("control")
@rate(perSecond: 10, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation UpdateShardCount {
    input: UpdateShardCountInput
    output: UpdateShardCountOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

structure UpdateShardCountInput {
    StreamName: StreamName
    @required TargetShardCount: PositiveIntegerObject
    @required ScalingType: ScalingType
    StreamARN: StreamARN
    StreamId: StreamId
}

structure UpdateShardCountOutput {
    StreamName: StreamName
    CurrentShardCount: PositiveIntegerObject
    TargetShardCount: PositiveIntegerObject
    StreamARN: StreamARN
}

/// Switches a stream between provisioned and on-demand capacity.
@plane("control")
@resource(arn: StreamARN)
operation UpdateStreamMode {
    input: UpdateStreamModeInput
    errors: [InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

structure UpdateStreamModeInput {
    @required StreamARN: StreamARN
    StreamId: StreamId
    @required StreamModeDetails: StreamModeDetails
    WarmThroughputMiBps: NaturalIntegerObject
}

/// Decides who picks the shard of a record: its partition key, or the service.
@plane("control")
@resource(arn: StreamARN)
operation UpdateStreamRecordDistributionStrategy {
    input: UpdateStreamRecordDistributionStrategyInput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

structure UpdateStreamRecordDistributionStrategyInput {
    @required StreamARN: StreamARN
    StreamId: StreamId
    @required RecordDistributionStrategy: RecordDistributionStrategy
}

/// Sets the throughput that an on-demand stream holds ready.
@plane("control")
@rate(perSecond: 5, scope: "account", err: "LIMIT_EXCEEDED")
@resource(arn: StreamARN, name: StreamName)
operation UpdateStreamWarmThroughput {
    input: UpdateStreamWarmThroughputInput
    output: UpdateStreamWarmThroughputOutput
    errors: [AccessDeniedException, InvalidArgumentException, LimitExceededException, ResourceInUseException,
             ResourceNotFoundException, ValidationException]
}

structure UpdateStreamWarmThroughputInput {
    StreamARN: StreamARN
    StreamName: StreamName
    StreamId: StreamId
    @required WarmThroughputMiBps: NaturalIntegerObject
}

structure UpdateStreamWarmThroughputOutput {
    StreamARN: StreamARN
    StreamName: StreamName
    WarmThroughput: WarmThroughputObject
}

// Structures that several operations share.

/// The receipt of a dead letter to put away.
structure AcknowledgeDeadLetterQueueRecordsRequestEntry {
    @required ReceiptHandle: ReceiptHandle
}

/// The receipt of a record that is dealt with.
structure AcknowledgeQueueRecordsRequestEntry {
    @required ReceiptHandle: ReceiptHandle
}

/// Everything about a channel; it has one of the two destinations.
structure ChannelDescription {
    @required ChannelName: ChannelName
    @required ChannelARN: ChannelARN
    @required ChannelId: ChannelId
    @required ChannelStatus: ChannelStatus
    ChannelStatusReason: ChannelStatusReason
    @required ChannelCreationTimestamp: Timestamp
    @required ServiceExecutionRoleARN: RoleARN
    @required StreamConfigurationList: ChannelStreamDescriptionList
    S3DestinationConfiguration: S3DestinationDescription
    S3TablesDestinationConfiguration: S3TablesDestinationDescription
    EncryptionConfiguration: ChannelEncryptionConfiguration
    @required LoggingConfiguration: ChannelLoggingConfiguration
}

/// The key that a channel encrypts with on its way.
structure ChannelEncryptionConfiguration {
    @required EncryptionType: ChannelEncryptionType
    @required KeyId: KeyId
}

/// Where a channel tells what it could not deliver.
structure ChannelLoggingConfiguration {
    @required CloudWatchLogs: CloudWatchLogs
}

/// Where a channel shall tell from now on.
structure ChannelLoggingUpdateInput {
    @required CloudWatchLogs: CloudWatchLogsUpdateInput
}

/// The stream that a channel reads, and how its records are to be understood.
structure ChannelStreamConfiguration {
    @required StreamARN: StreamARN
    @required RecordConfiguration: RecordConfiguration
}

/// The stream that a channel reads.
structure ChannelStreamDescription {
    @required StreamARN: StreamARN
    @required StreamCreationTimestamp: Timestamp
    @required RecordConfiguration: RecordConfiguration
}

/// One incarnation of a stream's name.
structure ChannelStreamIdentifier {
    @required StreamARN: StreamARN
    @required StreamCreationTimestamp: Timestamp
}

/// A channel as a row of a list.
structure ChannelSummary {
    @required ChannelName: ChannelName
    @required ChannelARN: ChannelARN
    @required ChannelId: ChannelId
    @required ChannelStatus: ChannelStatus
    ChannelStatusReason: ChannelStatusReason
    @required ChannelCreationTimestamp: Timestamp
    @required ChannelDestinationType: ChannelDestinationType
    @required Streams: ChannelStreamIdentifierList
}

/// A shard that continues the one just read to its end.
structure ChildShard {
    @required ShardId: ShardId
    @required ParentShards: ShardIdList
    @required HashKeyRange: HashKeyRange
}

/// A log group and stream; both have defaults.
structure CloudWatchLogs {
    @required Enabled: Boolean
    LogGroupName: CloudWatchLogGroupName
    LogStreamName: CloudWatchLogStreamName
}

/// The log group and stream to change to.
structure CloudWatchLogsUpdateInput {
    @required Enabled: Boolean
    LogGroupName: CloudWatchLogGroupName
    LogStreamName: CloudWatchLogStreamName
}

/// An enhanced fan-out consumer, without its stream.
structure Consumer {
    @required ConsumerName: ConsumerName
    @required ConsumerARN: ConsumerARN
    @required ConsumerStatus: ConsumerStatus
    @required ConsumerCreationTimestamp: Timestamp
}

/// An enhanced fan-out consumer and its stream.
structure ConsumerDescription {
    @required ConsumerName: ConsumerName
    @required ConsumerARN: ConsumerARN
    @required ConsumerStatus: ConsumerStatus
    @required ConsumerCreationTimestamp: Timestamp
    @required StreamARN: StreamARN
}

/// Whether records that are received again and again are set apart, and after how often; the count belongs to BUILT_IN.
structure DeadLetterConfiguration {
    @required TargetType: TargetType
    MaxReceiveCount: MaxReceiveCount
}

/// Where records go that cannot be delivered.
structure DeadLetterQueueS3Configuration {
    @required BucketARN: BucketARN
    @required ExpectedBucketOwner: ExpectedBucketOwner
    ErrorOutputPrefix: S3ErrorOutputPrefix
}

/// The metrics per shard that are switched on.
structure EnhancedMetrics {
    ShardLevelMetrics: MetricsNameList
}

/// Both ends are inclusive.
structure HashKeyRange {
    @required StartingHashKey: HashKey
    @required EndingHashKey: HashKey
}

/// The commitment as it shall be.
structure MinimumThroughputBillingCommitmentInput {
    @required Status: MinimumThroughputBillingCommitmentInputStatus
}

/// The commitment as it is, with its times.
structure MinimumThroughputBillingCommitmentOutput {
    @required Status: MinimumThroughputBillingCommitmentOutputStatus
    StartedAt: Timestamp
    EndedAt: Timestamp
    EarliestAllowedEndAt: Timestamp
}

/// A column of the table and what it is partitioned by.
structure PartitionField {
    @required Transform: PartitionTransform
    @required SourceName: PartitionSourceName
}

/// How a table is partitioned.
structure PartitionSpec {
    @required PartitionFields: PartitionFieldList
}

/// One record to write.
@errorOrder([PartitionKey, ExplicitHashKey, Data])
structure PutRecordsRequestEntry {
    @required Data: Data
    ExplicitHashKey: HashKey
    PartitionKey: PartitionKey
}

/// What became of one record: a number and a shard, or an error.
structure PutRecordsResultEntry {
    SequenceNumber: SequenceNumber
    ShardId: ShardId
    ErrorCode: String
    ErrorMessage: String
}

/// How a queue treats what it has handed out.
structure QueueAttributes {
    VisibilityTimeoutSeconds: VisibilityTimeoutSeconds
    DeadLetterConfiguration: DeadLetterConfiguration
}

/// Everything about a queue.
structure QueueDescription {
    @required QueueName: QueueName
    @required QueueARN: QueueARN
    @required QueueStatus: QueueStatus
    @required QueueCreationTimestamp: Timestamp
    @required StreamConfigurationList: QueueStreamConfigurationList
    QueueAttributes: QueueAttributes
}

/// A receipt for which the call failed, and why; the five calls on receipts answer alike.
structure QueueErrorEntry {
    @required ReceiptHandle: ReceiptHandle
    @required ErrorCode: String
    ErrorMessage: String
}

/// A record as a queue hands it out.
structure QueueRecord {
    @required ReceiptHandle: ReceiptHandle
    @required RecordId: RecordId
    PartitionKey: PartitionKey
    @required Data: Data
    @required ApproximateArrivalTimestamp: Timestamp
    @required FirstReceiveTimestamp: Timestamp
    @required ReceiveCount: ReceiveCount
}

/// A receipt for which the call succeeded.
structure QueueResultEntry {
    @required ReceiptHandle: ReceiptHandle
}

/// Where a queue begins in its stream; Timestamp belongs to AT_TIMESTAMP.
structure QueueStartingPosition {
    @required Type: QueueStartingPositionType
    Timestamp: Timestamp
}

/// The stream that a queue reads, and from where; LATEST if not said.
structure QueueStreamConfiguration {
    @required StreamARN: StreamARN
    StartingPosition: QueueStartingPosition
}

/// A stream, or one incarnation of it.
structure QueueStreamFilter {
    @required StreamARN: StreamARN
    StreamCreationTimestamp: Timestamp
}

/// One incarnation of a stream's name.
structure QueueStreamIdentifier {
    @required StreamARN: StreamARN
    @required StreamCreationTimestamp: Timestamp
}

/// A queue as a row of a list.
structure QueueSummary {
    @required QueueName: QueueName
    @required QueueARN: QueueARN
    @required QueueStatus: QueueStatus
    @required QueueCreationTimestamp: Timestamp
    @required Streams: QueueStreamIdentifierList
}

/// A record as it is read; PartitionKey is absent if it was written without one.
structure Record {
    @required SequenceNumber: SequenceNumber
    ApproximateArrivalTimestamp: Timestamp
    @required Data: Data
    PartitionKey: PartitionKey
    EncryptionType: EncryptionType
}

/// The format of the records; a schema where the format needs one.
structure RecordConfiguration {
    @required RecordFormatType: RecordFormatType
    GSRSchemaARN: GSRSchemaARN
}

/// The receipt of a dead letter to give back.
structure RestoreDeadLetterQueueRecordsRequestEntry {
    @required ReceiptHandle: ReceiptHandle
}

/// Delivery to objects.
structure S3DestinationConfiguration {
    DataFreshnessInSeconds: DataFreshnessInSeconds
    DeadLetterQueueS3Configuration: DeadLetterQueueS3Configuration
    @required StorageConfiguration: S3StorageConfiguration
}

/// Delivery to objects as it is.
structure S3DestinationDescription {
    @required DataFreshnessInSeconds: DataFreshnessInSeconds
    @required DeadLetterQueueS3Configuration: DeadLetterQueueS3Configuration
    @required StorageConfiguration: S3StorageConfiguration
}

/// What can be changed of a delivery to objects.
structure S3DestinationUpdateInput {
    @required DataFreshnessInSeconds: DataFreshnessInSeconds
}

/// The bucket, and how objects are named, compressed and stored.
structure S3StorageConfiguration {
    @required BucketARN: BucketARN
    @required ExpectedBucketOwner: ExpectedBucketOwner
    OutputKeyTemplate: S3OutputKeyTemplate
    StorageClass: S3StorageClass
    @required CompressionType: S3CompressionType
}

/// The table, which the channel creates.
structure S3TablesConfiguration {
    @required TableBucketARN: TableBucketARN
    @required Namespace: S3TablesNamespace
    @required TableName: S3TablesTableName
    @required CompressionType: S3TablesCompressionType
    PartitionSpec: PartitionSpec
}

/// Delivery to a table; it must say where bad records go.
structure S3TablesDestinationConfiguration {
    DataFreshnessInSeconds: DataFreshnessInSeconds
    @required DeadLetterQueueS3Configuration: DeadLetterQueueS3Configuration
    @required S3TablesConfigurationList: S3TablesConfigurationList
}

/// Delivery to a table as it is.
structure S3TablesDestinationDescription {
    @required DataFreshnessInSeconds: DataFreshnessInSeconds
    @required DeadLetterQueueS3Configuration: DeadLetterQueueS3Configuration
    @required S3TablesConfigurationList: S3TablesConfigurationList
}

/// What can be changed of a delivery to a table.
structure S3TablesDestinationUpdateInput {
    @required DataFreshnessInSeconds: DataFreshnessInSeconds
}

/// An open shard has no end.
structure SequenceNumberRange {
    @required StartingSequenceNumber: SequenceNumber
    EndingSequenceNumber: SequenceNumber
}

/// A shard, open or closed.
structure Shard {
    @required ShardId: ShardId
    ParentShardId: ShardId
    AdjacentParentShardId: ShardId
    @required HashKeyRange: HashKeyRange
    @required SequenceNumberRange: SequenceNumberRange
}

/// Which shards to list; ShardId and Timestamp belong to some of the types only.
structure ShardFilter {
    @required Type: ShardFilterType
    ShardId: ShardId
    Timestamp: Timestamp
}

/// Where a subscription begins, as in GetShardIterator.
structure StartingPosition {
    @required Type: ShardIteratorType
    SequenceNumber: SequenceNumber
    Timestamp: Timestamp
}

/// A stream with a page of its shards.
structure StreamDescription {
    @required StreamName: StreamName
    @required StreamARN: StreamARN
    @required StreamStatus: StreamStatus
    StreamModeDetails: StreamModeDetails
    @required Shards: ShardList
    @required HasMoreShards: Boolean
    @required RetentionPeriodHours: RetentionPeriodHours
    @required StreamCreationTimestamp: Timestamp
    @required EnhancedMonitoring: EnhancedMonitoringList
    EncryptionType: EncryptionType
    KeyId: KeyId
}

/// A stream without its shards. StreamId is never given: clients would leave a custom endpoint.
structure StreamDescriptionSummary {
    @required StreamName: StreamName
    @required StreamARN: StreamARN
    StreamId: StreamId
    @required StreamStatus: StreamStatus
    StreamModeDetails: StreamModeDetails
    @required RetentionPeriodHours: RetentionPeriodHours
    @required StreamCreationTimestamp: Timestamp
    @required EnhancedMonitoring: EnhancedMonitoringList
    EncryptionType: EncryptionType
    KeyId: KeyId
    @required OpenShardCount: ShardCountObject
    ConsumerCount: ConsumerCountObject
    WarmThroughput: WarmThroughputObject
    MaxRecordSizeInKiB: MaxRecordSizeInKiB
    ChannelCount: ChannelCountObject
    RecordDistributionStrategy: RecordDistributionStrategy
    QueueCount: QueueCountObject
}

/// A stream, or one incarnation of it.
structure StreamFilter {
    @required StreamARN: StreamARN
    StreamCreationTimestamp: Timestamp
}

/// The capacity mode, in a structure so that it could grow.
structure StreamModeDetails {
    @required StreamMode: StreamMode
}

/// A stream as a row of a list.
structure StreamSummary {
    @required StreamName: StreamName
    @required StreamARN: StreamARN
    @required StreamStatus: StreamStatus
    StreamModeDetails: StreamModeDetails
    StreamCreationTimestamp: Timestamp
}

/// Records that were pushed. At the end of the shard there are children and no continuation.
structure SubscribeToShardEvent {
    @required Records: RecordList
    @required ContinuationSequenceNumber: SequenceNumber
    @required MillisBehindLatest: MillisBehindLatest
    ChildShards: ChildShardList
}

/// What a subscription sends.
@streaming
union SubscribeToShardEventStream {
    SubscribeToShardEvent: SubscribeToShardEvent
    ResourceNotFoundException: ResourceNotFoundException
    ResourceInUseException: ResourceInUseException
    KMSDisabledException: KMSDisabledException
    KMSInvalidStateException: KMSInvalidStateException
    KMSAccessDeniedException: KMSAccessDeniedException
    KMSNotFoundException: KMSNotFoundException
    KMSOptInRequired: KMSOptInRequired
    KMSThrottlingException: KMSThrottlingException
    InternalFailureException: InternalFailureException
}

/// A tag.
structure Tag {
    @required Key: TagKey
    Value: TagValue
}

/// The receipt of a dead letter, and how long from now it stays hidden; 0 shows it at once.
structure UpdateDeadLetterQueueRecordsVisibilityRequestEntry {
    @required ReceiptHandle: ReceiptHandle
    @required VisibilityTimeoutSeconds: VisibilityTimeoutSeconds
}

/// The receipt of a record, and how long from now it stays hidden; 0 shows it at once.
structure UpdateQueueRecordsVisibilityRequestEntry {
    @required ReceiptHandle: ReceiptHandle
    @required VisibilityTimeoutSeconds: VisibilityTimeoutSeconds
}

/// Held ready by an on-demand stream, wanted and present.
structure WarmThroughputObject {
    TargetMiBps: NaturalIntegerObject
    CurrentMiBps: NaturalIntegerObject
}

// Lists and maps.

@length(min: 1, max: 10)
list AcknowledgeDeadLetterQueueRecordsRequestEntryList {
    member: AcknowledgeDeadLetterQueueRecordsRequestEntry
}

@length(min: 1, max: 10)
list AcknowledgeQueueRecordsRequestEntryList {
    member: AcknowledgeQueueRecordsRequestEntry
}

/// One in practice today.
@length(min: 1, max: 10000)
list ChannelStreamConfigurationList {
    member: ChannelStreamConfiguration
}

@length(min: 1, max: 10000)
list ChannelStreamDescriptionList {
    member: ChannelStreamDescription
}

@length(min: 1, max: 10000)
list ChannelStreamIdentifierList {
    member: ChannelStreamIdentifier
}

list ChannelSummaryList {
    member: ChannelSummary
}

list ChildShardList {
    member: ChildShard
}

list ConsumerList {
    member: Consumer
}

list EnhancedMonitoringList {
    member: EnhancedMetrics
}

/// Seven at most: ALL stands alone.
@length(min: 1, max: 7)
list MetricsNameList {
    member: MetricsName
}

@length(min: 1, max: 10)
list PartitionFieldList {
    member: PartitionField
}

@length(min: 1, max: 500)
list PutRecordsRequestEntryList {
    member: PutRecordsRequestEntry
}

@length(min: 1, max: 500)
list PutRecordsResultEntryList {
    member: PutRecordsResultEntry
}

list QueueErrorEntryList {
    member: QueueErrorEntry
}

list QueueRecordList {
    member: QueueRecord
}

list QueueResultEntryList {
    member: QueueResultEntry
}

/// Exactly one today, which the operation checks.
@length(min: 1, max: 10000)
list QueueStreamConfigurationList {
    member: QueueStreamConfiguration
}

@length(min: 1, max: 10000)
list QueueStreamFilterList {
    member: QueueStreamFilter
}

@length(min: 1, max: 10000)
list QueueStreamIdentifierList {
    member: QueueStreamIdentifier
}

list QueueSummaryList {
    member: QueueSummary
}

list RecordList {
    member: Record
}

@length(min: 1, max: 10)
list RestoreDeadLetterQueueRecordsRequestEntryList {
    member: RestoreDeadLetterQueueRecordsRequestEntry
}

/// One in practice today.
@length(min: 1, max: 10000)
list S3TablesConfigurationList {
    member: S3TablesConfiguration
}

list ShardIdList {
    member: ShardId
}

list ShardList {
    member: Shard
}

@length(min: 1, max: 10000)
list StreamFilterList {
    member: StreamFilter
}

list StreamNameList {
    member: StreamName
}

list StreamSummaryList {
    member: StreamSummary
}

@length(min: 1, max: 50)
list TagKeyList {
    member: TagKey
}

/// Tags in the order of their keys.
@length(min: 0, max: 200)
list TagList {
    member: Tag
}

/// More than the 50 tags that a resource may have, which the operation checks.
@length(min: 1, max: 200)
map TagMap {
    key: TagKey
    value: TagValue
}

@length(min: 1, max: 10)
list UpdateDeadLetterQueueRecordsVisibilityRequestEntryList {
    member: UpdateDeadLetterQueueRecordsVisibilityRequestEntry
}

@length(min: 1, max: 10)
list UpdateQueueRecordsVisibilityRequestEntryList {
    member: UpdateQueueRecordsVisibilityRequestEntry
}

// Enumerations.

enum ChannelDestinationType { S3, S3_TABLES }

enum ChannelEncryptionType { KMS }

enum ChannelStatus { CREATING, ACTIVE, UPDATING, DELETING, FAILED }

enum ConsumerStatus { CREATING, DELETING, ACTIVE }

enum EncryptionType { NONE, KMS }

enum MetricsName {
    INCOMING_BYTES = "IncomingBytes"
    INCOMING_RECORDS = "IncomingRecords"
    OUTGOING_BYTES = "OutgoingBytes"
    OUTGOING_RECORDS = "OutgoingRecords"
    WRITE_PROVISIONED_THROUGHPUT_EXCEEDED = "WriteProvisionedThroughputExceeded"
    READ_PROVISIONED_THROUGHPUT_EXCEEDED = "ReadProvisionedThroughputExceeded"
    ITERATOR_AGE_MILLISECONDS = "IteratorAgeMilliseconds"
    ALL
}

enum MinimumThroughputBillingCommitmentInputStatus { ENABLED, DISABLED }

/// The third: left, but not yet over.
enum MinimumThroughputBillingCommitmentOutputStatus { ENABLED, DISABLED, ENABLED_UNTIL_EARLIEST_ALLOWED_END }

enum PartitionTransform { TIME_HOUR }

enum QueueStartingPositionType { TRIM_HORIZON, LATEST, AT_TIMESTAMP }

enum QueueStatus { CREATING, ACTIVE, UPDATING, DELETING }

/// AUTO: the service picks the shard and keys are ignored.
enum RecordDistributionStrategy { AUTO, USER_PARTITION_KEY }

enum RecordFormatType { GSR_JSON, JSON, STRING, BYTE_ARRAY }

enum S3CompressionType { NONE, GZIP, ZSTD }

enum S3StorageClass { STANDARD, INTELLIGENT_TIERING, GLACIER_IR }

enum S3TablesCompressionType { NONE, ZSTD, SNAPPY }

enum ScalingType { UNIFORM_SCALING }

enum ShardFilterType { AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP }

/// Also the types of a starting position.
@printOrder([AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON])
enum ShardIteratorType {
    AT_SEQUENCE_NUMBER
    AFTER_SEQUENCE_NUMBER
    TRIM_HORIZON
    LATEST
    AT_TIMESTAMP
}

enum StreamMode { PROVISIONED, ON_DEMAND }

enum StreamStatus { CREATING, DELETING, ACTIVE, UPDATING }

/// Whether dead letters are set apart.
enum TargetType { BUILT_IN, NONE }

// Texts and numbers with constraints.

@length(min: 1, max: 2048)
@pattern("arn:aws[-a-z0-9]*:s3:::[a-z0-9._-]{3,63}")
string BucketARN

/// Names a channel together with its account and region.
@length(min: 1, max: 2048)
@pattern("arn:aws.*:kinesis:.*:\\d{12}:channel/\\S+")
string ChannelARN

/// Channels of a stream, or of the account.
@range(min: 0, max: 1000000)
integer ChannelCountObject

@length(min: 1, max: 64)
string ChannelId

@length(min: 1, max: 128)
@pattern("[a-zA-Z0-9_.-]+")
string ChannelName

@length(min: 1, max: 2048)
string ChannelStatusReason

@length(min: 1, max: 512)
@pattern("[\\.\\-_/#A-Za-z0-9]+")
string CloudWatchLogGroupName

@length(min: 1, max: 512)
@pattern("[^:*]*")
string CloudWatchLogStreamName

/// Ends in the second of the registration, so that a name registered again has another ARN.
@length(min: 1, max: 2048)
@pattern("^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+")
string ConsumerARN

/// Consumers of one stream.
@range(min: 0, max: 1000000)
integer ConsumerCountObject

@length(min: 1, max: 128)
@pattern("[a-zA-Z0-9_.-]+")
string ConsumerName

/// The payload of a record; empty is allowed.
@length(min: 0, max: 10485760)
blob Data

/// How long records may wait before they are delivered.
@range(min: 300, max: 900)
integer DataFreshnessInSeconds

/// Above 100 means 100.
@range(min: 1, max: 10000)
integer DescribeStreamInputLimit

@length(min: 12, max: 12)
@pattern("\\d{12}")
string ExpectedBucketOwner

@length(min: 1, max: 512)
@pattern("arn:aws[-a-z0-9]*:glue:[-a-z0-9]+:\\d{12}:schema/[-a-zA-Z0-9_$#.]+/[-a-zA-Z0-9_$#.]+")
string GSRSchemaARN

@range(min: 1, max: 10000)
integer GetRecordsInputLimit

/// A number below 2^128 in decimal, without leading zeros; the range is checked by the operation.
@pattern("0|([1-9]\\d{0,38})")
string HashKey

@length(min: 1, max: 2048)
string KeyId

/// Above 100 means 100.
@range(min: 1, max: 10000)
integer ListChannelsInputLimit

@range(min: 1, max: 10000)
integer ListQueuesInputLimit

/// Above 1000 means 1000.
@range(min: 1, max: 10000)
integer ListShardsInputLimit

/// Above 100 means 100.
@range(min: 1, max: 10000)
integer ListStreamConsumersInputLimit

/// Above 100 means 100.
@range(min: 1, max: 10000)
integer ListStreamsInputLimit

@range(min: 1, max: 50)
integer ListTagsForStreamInputLimit

/// Deliveries until a record is a dead letter.
@range(min: 1, max: 1000)
integer MaxReceiveCount

/// From 1 to 10 MiB.
@range(min: 1024, max: 10240)
integer MaxRecordSizeInKiB

/// How far a reader is behind the tip, by arrival time.
@range(min: 0)
long MillisBehindLatest

@range(min: 0)
integer NaturalIntegerObject

/// A page token: it holds the whole request and dies after five minutes.
@length(min: 1, max: 1048576)
string NextToken

@range(min: 0, max: 1000000)
integer OnDemandStreamCountLimitObject

@range(min: 0, max: 1000000)
integer OnDemandStreamCountObject

/// Its MD5 picks the shard.
@length(min: 1, max: 256)
string PartitionKey

@length(min: 1, max: 255)
@pattern("[a-zA-Z0-9\\.\\_]+")
string PartitionSourceName

/// A policy document, JSON as text.
string Policy

@range(min: 1)
integer PositiveIntegerObject

/// Names a queue together with its account and region; the rest of it is made by the service.
@length(min: 1, max: 2048)
@pattern("arn:aws.*:kinesis:.*:\\d{12}:queue/\\S+")
string QueueARN

/// Queues of one stream.
@range(min: 0, max: 1000000)
integer QueueCountObject

@length(min: 1, max: 128)
@pattern("[a-zA-Z0-9_.-]+")
string QueueName

/// One delivery of one record; another with the next.
@length(min: 1, max: 1024)
string ReceiptHandle

/// Deliveries so far that were not acknowledged.
@range(min: 0)
integer ReceiveCount

@range(min: 1, max: 10)
integer ReceiveQueueRecordsInputLimit

/// How long to wait for the first record.
@range(min: 1, max: 20)
integer ReceiveQueueRecordsWaitTimeSeconds

/// The same whenever and from whichever queue of the stream the record comes.
@length(min: 1, max: 64)
@pattern("^[a-z0-9]+$")
string RecordId

/// A stream, a consumer, a channel or a queue.
@length(min: 1, max: 2048)
@pattern("arn:aws.*:kinesis:.*:\\d{12}:.*(stream|channel|queue)/\\S+")
string ResourceARN

/// From 24 to 8760, checked by the operation with texts of its own.
integer RetentionPeriodHours

/// The role that a channel acts as.
@length(min: 1, max: 512)
@pattern("arn:aws[-a-z0-9]*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+")
string RoleARN

@length(min: 1, max: 512)
@pattern("[0-9A-Za-z!\\-_'.*()\\/]+")
string S3ErrorOutputPrefix

/// How objects are named, with placeholders in braces.
@length(min: 1, max: 1024)
@pattern("[0-9A-Za-z!\\-_'.*()\\/=:{}]+")
string S3OutputKeyTemplate

@length(min: 1, max: 255)
@pattern("[0-9a-z_]+")
string S3TablesNamespace

@length(min: 1, max: 255)
@pattern("[0-9a-z_]+")
string S3TablesTableName

/// A number of 56 digits in today's layout; the operation tells whether it is one of ours.
@pattern("0|([1-9]\\d{0,128})")
string SequenceNumber

@range(min: 0, max: 1000000)
integer ShardCountObject

/// shardId- and twelve digits in answers; read leniently in requests.
@length(min: 1, max: 128)
@pattern("[a-zA-Z0-9_.-]+")
string ShardId

/// A sealed bookmark that dies after five minutes.
@length(min: 1, max: 512)
string ShardIterator

/// Names a stream together with its account and region.
@length(min: 1, max: 2048)
@pattern("arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+")
string StreamARN

/// Reserved; accepted and ignored.
@length(min: 1, max: 24)
@pattern("[a-z0-9]{20}-[a-z0-9]{3}")
string StreamId

@length(min: 1, max: 128)
@pattern("[a-zA-Z0-9_.-]+")
string StreamName

@length(min: 1, max: 2048)
@pattern("arn:aws[-a-z0-9]*:s3tables:[-a-z0-9]+:\\d{12}:bucket/[a-z0-9_-]{3,63}")
string TableBucketARN

@length(min: 1, max: 128)
string TagKey

@length(min: 0, max: 256)
string TagValue

/// How long a record that was handed out stays hidden: up to twelve hours.
@range(min: 0, max: 43200)
integer VisibilityTimeoutSeconds

// Errors that operations name.

@err("ACCESS_DENIED")
@error("client")
@httpError(400)
structure AccessDeniedException { message: String }

/// All checks passed and only checks were asked for.
@err("DRY_RUN")
@error("client")
@httpError(400)
structure DryRunOperationException { message: String }

@err("EXPIRED_ITERATOR")
@error("client")
@httpError(400)
structure ExpiredIteratorException { message: String }

@err("EXPIRED_NEXT_TOKEN")
@error("client")
@httpError(400)
structure ExpiredNextTokenException { message: String }

/// Its name on the wire is shorter.
@err("INTERNAL")
@wireName("InternalFailure")
@error("server")
@httpError(500)
structure InternalFailureException { message: String }

@err("INVALID_ARGUMENT")
@error("client")
@httpError(400)
structure InvalidArgumentException { message: String }

@err("KMS_ACCESS_DENIED")
@error("client")
@httpError(400)
structure KMSAccessDeniedException { message: String }

@err("KMS_DISABLED")
@error("client")
@httpError(400)
structure KMSDisabledException { message: String }

@err("KMS_INVALID_STATE")
@error("client")
@httpError(400)
structure KMSInvalidStateException { message: String }

@err("KMS_NOT_FOUND")
@error("client")
@httpError(400)
structure KMSNotFoundException { message: String }

@err("KMS_OPT_IN_REQUIRED")
@error("client")
@httpError(400)
structure KMSOptInRequired { message: String }

@err("KMS_THROTTLED")
@error("client")
@httpError(400)
structure KMSThrottlingException { message: String }

@err("LIMIT_EXCEEDED")
@error("client")
@httpError(400)
structure LimitExceededException { message: String }

@err("THROTTLED")
@error("client")
@httpError(400)
structure ProvisionedThroughputExceededException { message: String }

@err("IN_USE")
@error("client")
@httpError(400)
structure ResourceInUseException { message: String }

@err("NOT_FOUND")
@error("client")
@httpError(400)
structure ResourceNotFoundException { message: String }

/// Calls on a queue that come too fast.
@err("TOO_FAST")
@error("client")
@httpError(400)
structure ThrottlingException { message: String }

/// A constraint of this model, or a call that does not fit the capacity mode of the stream.
@err("VALIDATION")
@error("client")
@httpError(400)
structure ValidationException { message: String }

// Errors that any call may meet before it reaches its operation.

@err("EXPIRED_TOKEN")
@error("client")
@httpError(400)
structure ExpiredTokenException { message: String }

@err("INCOMPLETE_SIGNATURE")
@error("client")
@httpError(400)
structure IncompleteSignatureException { message: String }

@err("INVALID_SIGNATURE")
@error("client")
@httpError(400)
structure InvalidSignatureException { message: String }

@err("MISSING_TOKEN")
@error("client")
@httpError(400)
structure MissingAuthenticationTokenException { message: String }

@err("SERIALIZATION")
@error("client")
@httpError(400)
structure SerializationException { message: String }

@err("UNAVAILABLE")
@error("server")
@httpError(503)
structure ServiceUnavailable { message: String }

@err("UNKNOWN_OPERATION")
@error("client")
@httpError(400)
structure UnknownOperationException { message: String }

@err("UNRECOGNIZED_CLIENT")
@error("client")
@httpError(400)
structure UnrecognizedClientException { message: String }
