do local refused = refusal('open') if refused then return refused end end
local there = room_named(call.draft.name)
local room = there or make_room(call.draft, call.draft.name)
if not room then return answer('done') end
return answer('done', { room = record_of(room), hasOpened = not there })
