// A model with everything that the machinery knows, for its tests.

$version: "2.0"

metadata prefix = "test_"

namespace leat.test

/// A service for tests.
@targetPrefix("Test_1")
@signingName("test")
service Test {
    version: "1"
    operations: [Touch, Forget]
    errors: [InternalError]
}

/// Touches a thing.
@plane("data")
@rate(perSecond: 3, scope: "shard", err: "THROTTLED")
@resource(arn: ThingARN, name: Name)
@http(method: "POST", uri: "/things/{Name}", code: 201)
operation Touch {
    input: TouchInput
    output: TouchOutput
    errors: [Throttled]
}

structure TouchInput {
    @required @httpLabel Name: Name
    @httpQuery("arn") ThingARN: String
    @httpHeader("x-touch-count") Count: Integer
    Everything: Everything
}

structure TouchOutput {
    @required Things: ThingList
    Events: TouchEvents
}

@streaming
union TouchEvents {
    Thing: Everything
    Throttled: Throttled
}

operation Forget {
    input: ForgetInput
}

structure ForgetInput {}

/// One member of every kind. It may hold itself.
structure Everything {
    Text: String
    Bytes: Blob
    Small: Integer
    Big: Long
    Real: Double
    Truth: Boolean
    Time: Timestamp
    Colour: Colour
    Texts: TextList
    Colours: ColourList
    Numbers: NumberList
    Grid: Grid
    Labels: Labels
    Things: ThingList
    Shelf: Shelf
    Inner: Everything
    @jsonName("renamed-member") Renamed: String
    Default: String
}

/// Constraints of every kind, told in an order of their own.
@errorOrder([Last, Ratio])
structure Limits {
    @required Word: Name
    @required Payload: ShortBlob
    Ratio: Ratio
    Keys: NameList
    Colours: FewColours
    Marks: Marks
    Boxes: BoxList
    Crates: Crates
    Wide: WideText
    @length(max: 2) Own: String
    @pattern("^$|(?!no)[a-z]+") Odd: String
    Rows: Rows
    @required Last: Boolean
}

structure Box {
    @required Size: Size
    Label: Name
}

list Rows { member: Row }

@length(max: 2)
list Row { member: Size }

@length(min: 1, max: 3)
list BoxList { member: Box }

map Crates {
    key: String
    value: Box
}

@length(min: 1, max: 2)
map Marks {
    key: MarkKey
    value: MarkValue
}

@length(min: 1, max: 2)
list NameList { member: Name }

@length(max: 2)
list FewColours { member: Colour }

list TextList { member: String }

list ColourList { member: Colour }

list NumberList { member: Long }

list Grid { member: NumberList }

list ThingList { member: Everything }

map Labels {
    key: String
    value: String
}

map Shelf {
    key: String
    value: Everything
}

@printOrder(["Dark Blue", "RED"])
enum Colour {
    RED
    GREEN
    DARK_BLUE = "Dark Blue"
}

@length(min: 1, max: 4)
@pattern("[a-z]+")
string Name

@length(min: 1, max: 3)
string MarkKey

@length(min: 0, max: 2)
@pattern("[^!]*")
string MarkValue

@length(max: 4)
string WideText

@length(min: 2, max: 3)
blob ShortBlob

@range(min: 1, max: 10)
integer Size

@range(min: 0, max: 1)
double Ratio

@err("INTERNAL")
@error("server")
@httpError(500)
structure InternalError { message: String }

@err("THROTTLED")
@error("client")
@httpError(429)
@wireName("TooMuch")
structure Throttled { message: String }
