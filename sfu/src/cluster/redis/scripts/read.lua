-- Changes nothing. `of` says what is asked for.
local function numbered(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

local ask = {
  room_by_name = function()
    local room = room_named(call.name)
    return { room = room and record_of(room) or nil }
  end,
  room_by_sid = function()
    local room = room_of(call.sid)
    return { room = room and record_of(room) or nil, isOver = is_over(call.sid) }
  end,
  open_rooms = function()
    local from = has(call.after) and '(' .. call.after or '-'
    local rooms = {}
    for _, name in ipairs(redis.call('ZRANGEBYLEX', OPEN, from, '+', 'LIMIT', 0, MOST)) do
      local room = room_named(name)
      if room then rooms[#rooms + 1] = record_of(room) end
    end
    return { rooms = rooms }
  end,
  claim_of = function()
    return { claim = claim_of(call.sid, call.identity) or nil }
  end,
  owed_by = function()
    return { owed = owed_by(call.inst, MOST) }
  end,
  owed_of = function()
    local endings = {}
    for _, sid in ipairs(call.sids) do endings[#endings + 1] = owed_of(sid, call.psid) end
    return { owed = endings }
  end,
  nodes = function()
    local counts, nodes = redis.call('HGETALL', NODES), {}
    for i = 1, #counts, 2 do
      local node = numbered(redis.call('HGETALL', key('n', counts[i])))
      nodes[#nodes + 1] = { inst = counts[i], count = tonumber(counts[i + 1]), facts = node.facts or '', load = node.load or '',
        heard = cjson.decode(node.heard or '[]'), lastBeatMs = tonumber(node.lastBeatMs or 0) }
    end
    return { nodes = nodes }
  end,
  nothing = function() return {} end,
}
return answer('done', ask[call.of]())
